// The words of what an agent sets about alerts on a device, in English.

export default {
  alerts: "Alerts on this device",
  set_sound: "Sound",
  sound_test: "Test the sound",
  set_notifications: "Notifications while the page is in the background",
  set_notifications_why: "With the customer's name and the channel, never with what was written.",
  notifications_denied: "The browser blocks notifications of this page. Allow them in its settings.",
  notifications_unsupported: "This browser shows no notifications.",
  set_push: "Notifications while the page is closed",
  set_push_why: "By the push service of your browser, which sees neither name nor text. Where it cannot be reached, nothing else is missing.",
  push_denied: "The browser blocks notifications of this page. Allow them in its settings.",
  push_failed: "That did not work. Try again.",
  push_unreachable: "The push service of this browser cannot be reached from here. Nothing else depends on it.",
  push_unsupported: "This browser cannot notify you while the page is closed.",
  push_home_screen: "To be notified while the page is closed, add it to the home screen first (iOS 16.4 or later).",
  sessions: "Where you are signed in",
  session_used: "last used {time}",
  session_this: "this device",
  session_end: "Sign out there",
};
