// The words of what an agent sets about alerts on a device, in Arabic.

export default {
  alerts: "التنبيهات على هذا الجهاز",
  set_sound: "الصوت",
  sound_test: "جرّب الصوت",
  set_notifications: "إشعارات والصفحة في الخلفية",
  set_notifications_why: "باسم العميل والقناة، ولا تحمل أبدًا ما كُتب.",
  notifications_denied: "المتصفح يمنع إشعارات هذه الصفحة. اسمح بها في إعداداته.",
  notifications_unsupported: "هذا المتصفح لا يعرض إشعارات.",
  set_push: "إشعارات والصفحة مغلقة",
  set_push_why: "عبر خدمة الإشعارات في متصفحك، وهي لا ترى الاسم ولا النص. وإن تعذر الوصول إليها فلا ينقص شيء آخر.",
  push_denied: "المتصفح يمنع إشعارات هذه الصفحة. اسمح بها في إعداداته.",
  push_failed: "لم ينجح ذلك. حاول مرة أخرى.",
  push_unreachable: "لا يمكن الوصول إلى خدمة إشعارات هذا المتصفح من هنا. لا يعتمد عليها شيء آخر.",
  push_unsupported: "هذا المتصفح لا يستطيع إشعارك والصفحة مغلقة.",
  push_home_screen: "لتصلك الإشعارات والصفحة مغلقة أضفها أولًا إلى الشاشة الرئيسية (iOS 16.4 أو أحدث).",
  sessions: "أين سجّلت الدخول",
  session_used: "آخر استخدام {time}",
  session_this: "هذا الجهاز",
  session_end: "سجّل الخروج هناك",
};
