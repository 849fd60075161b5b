// The words of the page in four languages, and numbers and times as each language writes them.

export const LANGUAGES = {
  fa: { name: "فارسی", dir: "rtl", locale: "fa-IR" },
  ar: { name: "العربية", dir: "rtl", locale: "ar-u-nu-arab" },
  lv: { name: "Latviešu", dir: "ltr", locale: "lv-LV" },
  en: { name: "English", dir: "ltr", locale: "en-GB" },
};

const WORDS = {
  title: ["پاسخ: نمای عملیات", "باسخ: لوحة التشغيل", "Pasokh: pārskats", "Pasokh operations"],
  skip: ["رفتن به محتوا", "انتقل إلى المحتوى", "Uz saturu", "Skip to content"],
  workspace: ["فضای کاری", "مساحة العمل", "Darbvieta", "Workspace"],
  language: ["زبان", "اللغة", "Valoda", "Language"],
  leave: ["خروج", "خروج", "Iziet", "Sign out"],
  enter: ["ورود با کلید", "الدخول بمفتاح", "Ieeja ar atslēgu", "Sign in with a key"],
  enter_why: [
    "کلید API این سامانه را وارد کنید. فقط تا بستن این برگه در همین مرورگر می‌ماند.",
    "أدخل مفتاح API لهذا النظام. يبقى في هذا المتصفح حتى إغلاق هذه الصفحة فقط.",
    "Ievadiet šīs sistēmas API atslēgu. Tā paliek tikai šajā cilnē, līdz to aizver.",
    "Enter an API key of this installation. It stays in this browser tab only, until you close it.",
  ],
  key: ["کلید API", "مفتاح API", "API atslēga", "API key"],
  open: ["ورود", "دخول", "Ieiet", "Open"],
  bad_key: [
    "این کلید شناخته نشد یا حذف شده است.",
    "هذا المفتاح غير معروف أو تم حذفه.",
    "Šī atslēga nav zināma vai ir dzēsta.",
    "This key is not known, or it has been deleted.",
  ],
  unreachable: ["سرور پاسخ نمی‌دهد.", "الخادم لا يجيب.", "Serveris neatbild.", "The server does not answer."],
  live: ["زنده", "مباشر", "Tiešraidē", "Live"],
  connecting: ["در حال اتصال…", "جارٍ الاتصال…", "Savienojas…", "Connecting…"],
  lost: ["اتصال قطع شد؛ دوباره تلاش می‌شود", "انقطع الاتصال؛ تُعاد المحاولة", "Savienojums zudis; mēģina vēlreiz", "Connection lost; trying again"],
  now: ["اکنون", "الآن", "Pašlaik", "Now"],
  waiting: ["در صف", "في الانتظار", "Gaida", "Waiting"],
  bot: ["با ربات", "مع الروبوت", "Ar botu", "With the bot"],
  offered: ["پیشنهادشده", "معروضة", "Piedāvāta", "Offered"],
  assigned: ["نزد کارشناس", "لدى موظف", "Pie darbinieka", "With an agent"],
  pending: ["منتظر مشتری", "بانتظار العميل", "Gaida klientu", "Waiting for the customer"],
  resolved: ["حل‌شده", "تم الحل", "Atrisināta", "Resolved"],
  closed: ["بسته", "مغلقة", "Slēgta", "Closed"],
  at_risk: ["مهلت‌های در خطر", "مواعيد مهددة", "Apdraudētie termiņi", "Clocks at risk"],
  messages: ["پیام در ۵ دقیقه", "رسائل في ٥ دقائق", "Ziņas 5 minūtēs", "Messages in 5 minutes"],
  volume: ["گفت‌وگوهای تازه در هر دقیقه", "محادثات جديدة في الدقيقة", "Jaunas sarunas minūtē", "New conversations per minute"],
  volume_said: [
    "در ۳۰ دقیقهٔ گذشته {total}؛ بیشترین در یک دقیقه {most}",
    "خلال آخر ٣٠ دقيقة {total}؛ الأكثر في دقيقة {most}",
    "Pēdējās 30 minūtēs {total}; visvairāk vienā minūtē {most}",
    "{total} in the last 30 minutes; at most {most} in one minute",
  ],
  waiting_by_team: ["در صف هر گروه", "الانتظار حسب الفريق", "Gaida pa komandām", "Waiting by team"],
  team: ["گروه", "الفريق", "Komanda", "Team"],
  longest: ["بیشترین انتظار", "أطول انتظار", "Ilgākā gaidīšana", "Longest wait"],
  nobody_waits: ["هیچ‌کس در صف نیست.", "لا أحد في الانتظار.", "Neviens negaida.", "Nobody is waiting."],
  clocks: ["مهلت‌های در خطر", "مواعيد مهددة", "Apdraudētie termiņi", "Clocks at risk"],
  clocks_of: ["مهلت‌ها", "المواعيد", "Termiņi", "Clocks"],
  clock: ["مهلت", "الموعد", "Termiņš", "Clock"],
  due: ["تا پایان مهلت", "حتى الموعد", "Līdz termiņam", "Due in"],
  late: ["دیرکرد", "تأخير", "Kavējas", "Late by"],
  no_risk: ["هیچ مهلتی در خطر نیست.", "لا موعد مهدد.", "Neviens termiņš nav apdraudēts.", "No clock is at risk."],
  first_response: ["نخستین پاسخ", "أول رد", "Pirmā atbilde", "First response"],
  next_response: ["پاسخ بعدی", "الرد التالي", "Nākamā atbilde", "Next response"],
  resolution: ["حل مسئله", "الحل", "Atrisinājums", "Resolution"],
  pickup: ["برداشتن", "الاستلام", "Pieņemšana", "Pickup"],
  public_response: ["پاسخ عمومی", "الرد العلني", "Publiskā atbilde", "Public response"],
  agents: ["کارشناسان", "الموظفون", "Darbinieki", "Agents"],
  agent: ["کارشناس", "الموظف", "Darbinieks", "Agent"],
  presence: ["حضور", "الحضور", "Klātbūtne", "Presence"],
  load: ["بار کاری", "الحِمل", "Noslodze", "Load"],
  load_said: ["{load} از {capacity}", "{load} من {capacity}", "{load} no {capacity}", "{load} of {capacity}"],
  teams: ["گروه‌ها", "الفِرق", "Komandas", "Teams"],
  skills: ["مهارت‌ها", "المهارات", "Prasmes", "Skills"],
  online: ["آنلاین", "متصل", "Tiešsaistē", "Online"],
  away: ["دور از میز", "بعيد", "Prom", "Away"],
  offline: ["آفلاین", "غير متصل", "Bezsaistē", "Offline"],
  no_agents: ["هنوز کارشناسی نیست.", "لا يوجد موظفون بعد.", "Darbinieku vēl nav.", "There are no agents yet."],
  conversations: ["گفت‌وگوها", "المحادثات", "Sarunas", "Conversations"],
  conversation: ["گفت‌وگو", "المحادثة", "Saruna", "Conversation"],
  status: ["وضعیت", "الحالة", "Statuss", "Status"],
  contains: ["جست‌وجو", "بحث", "Meklēt", "Search"],
  all: ["همه", "الكل", "Visi", "All"],
  customer: ["مشتری", "العميل", "Klients", "Customer"],
  priority: ["اولویت", "الأولوية", "Prioritāte", "Priority"],
  urgent: ["فوری", "عاجلة", "Steidzama", "Urgent"],
  high: ["بالا", "عالية", "Augsta", "High"],
  normal: ["عادی", "عادية", "Parasta", "Normal"],
  low: ["پایین", "منخفضة", "Zema", "Low"],
  opened: ["آغاز", "البداية", "Sākta", "Opened"],
  decision: ["چرا", "السبب", "Kāpēc", "Why"],
  sensitive: ["حساس", "حساسة", "Sensitīva", "Sensitive"],
  private: ["خصوصی", "خاصة", "Privāta", "Private"],
  public: ["عمومی", "علنية", "Publiska", "Public"],
  shown: ["{shown} گفت‌وگو نشان داده می‌شود", "المعروض: {shown}", "Rāda: {shown}", "Showing {shown}"],
  show_more: ["نمایش بیشتر", "عرض المزيد", "Rādīt vairāk", "Show more"],
  none: ["گفت‌وگویی نیست.", "لا توجد محادثات.", "Sarunu nav.", "There are no conversations."],
  letters: ["پیام‌های وامانده", "الرسائل المتعذرة", "Neapstrādātie notikumi", "Dead letters"],
  no_letters: ["هیچ پیامی وانمانده است.", "لا توجد رسائل متعذرة.", "Neapstrādātu notikumu nav.", "There are no dead letters."],
  letters_forbidden: [
    "برای دیدن این‌ها کلیدی با دامنهٔ admin لازم است.",
    "تتطلب رؤيتها مفتاحًا بنطاق admin.",
    "Lai tos redzētu, vajag atslēgu ar tiesībām admin.",
    "Seeing these needs a key with the scope admin.",
  ],
  event: ["رویداد", "الحدث", "Notikums", "Event"],
  error: ["خطا", "الخطأ", "Kļūda", "Error"],
  at: ["زمان", "الوقت", "Laiks", "Time"],
  action: ["اقدام", "إجراء", "Darbība", "Action"],
  retry: ["تلاش دوباره", "إعادة المحاولة", "Mēģināt vēlreiz", "Retry"],
  drop: ["حذف", "حذف", "Atmest", "Drop"],
  drop_sure: ["واقعاً حذف شود؟", "حذف فعلًا؟", "Tiešām atmest?", "Really drop?"],
  asked: ["درخواست فرستاده شد.", "أُرسل الطلب.", "Pieprasīts.", "Asked for."],
  more: ["بیش از {count}", "أكثر من {count}", "vairāk nekā {count}", "over {count}"],
  close: ["بستن", "إغلاق", "Aizvērt", "Close"],
  as_of: ["این ارقام از ساعت {time} است و شاید دیگر درست نباشد.", "هذه الأرقام من الساعة {time} وقد لا تكون صحيحة الآن.", "Šie skaitļi ir no plkst. {time} un var būt novecojuši.", "These figures are of {time}, and may have changed since."],
  setup: ["گام بعدی", "الخطوة التالية", "Ko darīt tālāk", "What to do next"],
  todo_workspace: ["هنوز فضای کاری‌ای نیست. یکی بسازید:", "لا توجد مساحة عمل بعد. أنشئ واحدة:", "Darbvietas vēl nav. Izveidojiet to:", "There is no workspace yet. Make one:"],
  todo_account: ["هیچ حسابی وصل نیست و کسی نمی‌تواند بنویسد. یکی وصل کنید:", "لا حساب متصل، فلا يمكن لأحد الكتابة. صِل واحدًا:", "Neviens konts nav pievienots, tāpēc neviens nevar rakstīt. Pievienojiet to:", "No account is connected, so nobody can write. Connect one:"],
  todo_agent: ["هیچ کارشناسی نیست و کسی پاسخ نمی‌دهد. یکی اضافه کنید:", "لا يوجد موظفون، فلا أحد يجيب. أضف واحدًا:", "Darbinieku nav, tāpēc neviens neatbild. Pievienojiet kādu:", "There is no agent, so nobody answers. Add one:"],
  todo_online: ["هیچ کارشناسی آنلاین نیست و همه منتظر می‌مانند. یکی را آنلاین کنید:", "لا موظف متصل، فالجميع ينتظر. اجعل أحدهم متصلًا:", "Neviens darbinieks nav tiešsaistē, tāpēc visi gaida. Ieslēdziet kādu:", "No agent is online, so everybody waits. Set one online:"],
  todo_rule: ["قاعده‌ای که هیچ‌کس نمی‌تواند برآورده کند:", "قاعدة لا يمكن لأحد استيفاؤها:", "Kārtula, ko neviens nevar izpildīt:", "A rule that nobody can meet:"],
  accounts: ["حساب‌ها", "الحسابات", "Konti", "Accounts"],
  account: ["حساب", "الحساب", "Konts", "Account"],
  health: ["سلامت", "الحالة", "Stāvoklis", "Health"],
  last_webhook: ["آخرین دریافت", "آخر استلام", "Pēdējais saņemtais", "Last webhook"],
  last_sent: ["آخرین ارسال", "آخر إرسال", "Pēdējais nosūtītais", "Last sent"],
  last_refused: ["آخرین رد شده", "آخر رفض", "Pēdējais atteikums", "Last refusal"],
  no_accounts: ["هنوز حسابی وصل نیست.", "لا حسابات متصلة بعد.", "Neviens konts nav pievienots.", "No account is connected yet."],
  health_ok: ["سالم", "سليم", "Kārtībā", "Well"],
  health_credentials: ["کلید پذیرفته نشد", "المفاتيح مرفوضة", "Pieejas dati noraidīti", "Credentials refused"],
  health_webhook: ["وب‌هوک کار نمی‌کند", "الويب هوك لا يعمل", "Tīmekļa āķis nedarbojas", "Webhook fails"],
  health_paused: ["موقتاً متوقف", "متوقف مؤقتًا", "Apturēts", "Held back"],
  health_forged: ["تماس‌های جعلی", "نداءات مزوّرة", "Viltoti izsaukumi", "Forged calls"],
  health_incomplete: ["بدون محتوا می‌رسد", "يصل بلا محتوى", "Pienāk bez satura", "Arrives without content"],
  health_silent: ["سکوت غیرعادی", "صمت غير معتاد", "Neparasti kluss", "Unusually silent"],
  ledgers: ["چه رسید و چه شد", "ما وصل وما صار به", "Kas pienāca un kas ar to notika", "What came in, and what became of it"],
  ledgers_said: [
    "رسیده = ثبت‌شده + ردشده + دوباره خواسته‌شده. ثبت‌شده = تازه + تکراری + بازخوانی خودمان + وامانده + در راه.",
    "ما وصل = المسجَّل + المرفوض + المطلوب ثانيةً. المسجَّل = الجديد + المكرر + ما أعدنا جلبه + المتعذر + ما في الطريق.",
    "Pienāca = ierakstīts + noraidīts + lūgts vēlreiz. Ierakstīts = jauns + atkārtots + paši pārlasīts + neapstrādāts + ceļā.",
    "Came in = stored + turned away + asked for again. Stored = new + repeats + fetched again by us + not handled + on its way.",
  ],
  ledger_received: ["رسیده", "ما وصل", "Pienāca", "Came in"],
  ledger_published: ["ثبت‌شده", "المسجَّل", "Ierakstīts", "Stored"],
  ledger_rejected: ["ردشده", "المرفوض", "Noraidīts", "Turned away"],
  ledger_failed: ["دوباره خواسته‌شده", "المطلوب ثانيةً", "Lūgts vēlreiz", "Asked for again"],
  ledger_new: ["تازه", "الجديد", "Jauns", "New"],
  ledger_duplicates: ["تکراری", "المكرر", "Atkārtots", "Repeats"],
  ledger_refetched: ["بازخوانی خودمان", "ما أعدنا جلبه", "Paši pārlasīts", "Fetched again by us"],
  ledger_dead_lettered: ["وامانده", "المتعذر", "Neapstrādāts", "Not handled"],
  ledger_on_its_way: ["در راه", "في الطريق", "Ceļā", "On its way"],
  balance: ["تراز", "الميزان", "Bilance", "Balance"],
  balanced: ["همه به حساب آمده", "كله محسوب", "Viss uzskaitīts", "All accounted for"],
  unbalanced: ["حساب نمی‌خواند", "لا يتطابق", "Nesakrīt", "Does not balance"],
  nothing_came_in: ["هنوز چیزی نرسیده", "لم يصل شيء بعد", "Vēl nekas nav pienācis", "Nothing came in yet"],
  webhooks: ["وب‌هوک‌های خروجی", "الويب هوك الصادرة", "Izejošie tīmekļa āķi", "Webhooks out"],
  webhook: ["اشتراک", "الاشتراك", "Abonements", "Subscription"],
  host: ["گیرنده", "المستلم", "Saņēmējs", "Receiver"],
  queued: ["در صف ارسال", "بانتظار الإرسال", "Rindā", "Queued"],
  no_webhooks: ["اشتراکی نیست.", "لا اشتراكات.", "Abonementu nav.", "There are no subscriptions."],
  hook_ok: ["سالم", "سليم", "Kārtībā", "Well"],
  hook_failing: ["ناموفق؛ تلاش بعدی {when}", "متعثّر؛ المحاولة التالية {when}", "Neizdodas; nākamais mēģinājums {when}", "Failing; tried again {when}"],
  hook_failing_now: ["ناموفق؛ دوباره تلاش می‌شود", "متعثّر؛ تُعاد المحاولة", "Neizdodas; mēģina vēlreiz", "Failing; it is tried again"],
  hook_disabled: ["خاموش (گیرنده گفت 410)", "متوقف (ردّ المستلم 410)", "Izslēgts (saņēmējs atbildēja 410)", "Switched off (it answered 410)"],
  missing: ["این گفت‌وگو پیدا نشد.", "لم يُعثر على هذه المحادثة.", "Šī saruna nav atrasta.", "This conversation was not found."],
  loading: ["در حال خواندن…", "جارٍ التحميل…", "Ielādē…", "Loading…"],
  state: ["حالت", "الحالة", "Stāvoklis", "State"],
  running: ["در جریان", "جارٍ", "Rit", "Running"],
  paused: ["متوقف", "متوقف", "Apturēts", "Paused"],
  fulfilled: ["به‌موقع", "أُنجز", "Izpildīts", "In time"],
  breached: ["شکسته", "متجاوز", "Pārkāpts", "Breached"],
  cancelled: ["لغوشده", "ملغى", "Atcelts", "Cancelled"],
  inbound: ["مشتری", "العميل", "Klients", "Customer"],
  outbound: ["پاسخ", "رد", "Atbilde", "Answer"],
  note: ["یادداشت", "ملاحظة", "Piezīme", "Note"],
  latest_messages: ["پیام‌های اخیر", "أحدث الرسائل", "Pēdējās ziņas", "Latest messages"],
  no_text: ["(بدون متن)", "(بلا نص)", "(bez teksta)", "(no text)"],
};
const ORDER = Object.keys(LANGUAGES);
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const DAY = { ...CLOCK, day: "numeric", month: "short" };

export let language = "en";

export function preferred() {
  const wishes = [sessionStorage.getItem("language"), ...navigator.languages.map((one) => one.slice(0, 2))];
  return wishes.find((one) => one in LANGUAGES) ?? "en";
}

export function setLanguage(chosen) {
  language = chosen;
  sessionStorage.setItem("language", chosen);
  document.documentElement.lang = chosen;
  document.documentElement.dir = LANGUAGES[chosen].dir;
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}

export function word(name, values = {}) {
  const found = WORDS[name]?.[ORDER.indexOf(language)] ?? name;
  return found.replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

const locale = () => LANGUAGES[language].locale;

export const number = (value, options) => new Intl.NumberFormat(locale(), options).format(value);

export const time = (text) => new Intl.DateTimeFormat(locale(), isToday(text) ? CLOCK : DAY).format(new Date(text));

export const exactTime = (at) => new Intl.DateTimeFormat(locale(), { ...CLOCK, second: "2-digit" }).format(at);

// A sentence from the server as an element. Its language is guessed, so that screen readers pronounce it rightly.
export function sentence(text) {
  const element = document.createElement("span");
  const isArabic = /[\u0600-\u06ff]/.test(text ?? "");
  const isLatvian = language === "lv" && /[āčēģīķļņšūž]/i.test(text ?? "");
  element.lang = isArabic === (LANGUAGES[language].dir === "rtl") && (isArabic || isLatvian) ? language : "en";
  element.dir = "auto";
  element.className = "sentence";
  element.textContent = (text || "–").replace(/[\u202a-\u202e\u2066-\u2069]/g, "");
  return element;
}

// A duration as hours, minutes and seconds in the digits of the language: 1:02:03, ۰۲:۰۳.
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => number(value, { minimumIntegerDigits: 2, useGrouping: false });
  const hours = Math.floor(whole / 3600);
  const rest = [two(Math.floor(whole / 60) % 60), two(whole % 60)];
  return (hours ? [number(hours), ...rest] : rest).join(":");
}

function isToday(text) {
  return new Date(text).toDateString() === new Date().toDateString();
}
