// The words of what an agent sets about alerts on a device, in Persian.

export default {
  alerts: "هشدارها در این دستگاه",
  set_sound: "صدا",
  sound_test: "آزمایش صدا",
  set_notifications: "اعلان وقتی صفحه در پس‌زمینه است",
  set_notifications_why: "با نام مشتری و کانال، هرگز با آنچه نوشته شده.",
  notifications_denied: "مرورگر اعلان‌های این صفحه را بسته است. در تنظیمات آن اجازه دهید.",
  notifications_unsupported: "این مرورگر اعلان نشان نمی‌دهد.",
  set_push: "اعلان وقتی صفحه بسته است",
  set_push_why: "از راه سرویس اعلان مرورگر شما، که نه نام را می‌بیند و نه متن را. اگر در دسترس نباشد، چیز دیگری کم نمی‌شود.",
  push_denied: "مرورگر اعلان‌های این صفحه را بسته است. در تنظیمات آن اجازه دهید.",
  push_failed: "نشد. دوباره امتحان کنید.",
  push_unreachable: "سرویس اعلان این مرورگر از اینجا در دسترس نیست. چیز دیگری به آن وابسته نیست.",
  push_unsupported: "این مرورگر نمی‌تواند وقتی صفحه بسته است خبرتان کند.",
  push_home_screen: "برای خبر شدن وقتی صفحه بسته است، اول آن را به صفحهٔ اصلی بیفزایید (iOS 16.4 یا تازه‌تر).",
  sessions: "کجا وارد شده‌اید",
  session_used: "آخرین استفاده {time}",
  session_this: "همین دستگاه",
  session_end: "خروج از آنجا",
};
