// What the chat says, in four languages.

export const TEXTS = {
  en: {
    title: "Chat with us", open: "Open chat", close: "Close chat", log: "Conversation", write: "Your message",
    send: "Send", hello: "Hello! Write to us; we answer here.", you: "You", agent: "Support",
    moved: "This is a private chat: only you and our support can read it. Write a message to go on.",
    attach: "Attach files", files: "Files of your message", file: "File", uploading: "Uploading…", removeFile: "Remove {name}",
    fileTooLarge: "This file is too large.", fileFailed: "This file was not uploaded.", fileGone: "This file is not available now.",
    tooManyFiles: "One message takes {most} files; {count} were left out.",
    fileLargerThan: "This file is too large: {most} MB at most.",
    sending: "Sending…", failed: "Not sent", again: "Try again", hidden: "Private details were hidden for your safety.",
    offline: "No connection. What you write is sent as soon as it is back.", news: "unread messages", says: "says",
    busy: "We get many messages just now. Yours is kept and is sent in a moment.",
    closed: "This chat is not available now.",
    shut: "We are closed now.", shutUntil: "We are closed now. We open again {when}.",
    nobody: "Nobody is online at the moment. Write to us: we answer here as soon as somebody is back.",
    today: "today at {time}", tomorrow: "tomorrow at {time}", on: "on {day} at {time}", todayWord: "Today", yesterday: "Yesterday",
    mail: "Your e-mail, so that we can answer you", mailWhy: "Only our support sees it, and uses it only to answer you.",
    mailSend: "Leave e-mail", mailThanks: "Thank you. We can reach you at {email}.", mailWrong: "This is no e-mail address. Write it like name@example.com.",
    mailLater: "That did not work just now. Please try again in a moment.",
  },
  fa: {
    title: "گفتگو با ما", open: "باز کردن گفتگو", close: "بستن گفتگو", log: "گفتگو", write: "پیام شما",
    send: "فرستادن", hello: "سلام! برای ما بنویسید؛ همین‌جا پاسخ می‌دهیم.", you: "شما", agent: "پشتیبانی",
    moved: "این گفتگو خصوصی است و فقط شما و پشتیبانی آن را می‌بینید. برای ادامه پیامی بنویسید.",
    attach: "افزودن فایل", files: "فایل‌های پیام شما", file: "فایل", uploading: "در حال بارگذاری…", removeFile: "برداشتن {name}",
    fileTooLarge: "این فایل بزرگ‌تر از اندازهٔ مجاز است.", fileFailed: "این فایل بارگذاری نشد.", fileGone: "این فایل اکنون در دسترس نیست.",
    tooManyFiles: "هر پیام {most} فایل می‌پذیرد؛ {count} فایل کنار گذاشته شد.",
    fileLargerThan: "این فایل بزرگ است؛ حداکثر {most} مگابایت مجاز است.",
    sending: "در حال فرستادن…", failed: "فرستاده نشد", again: "دوباره", hidden: "برای امنیت شما، اطلاعات خصوصی پنهان شد.",
    offline: "اتصال برقرار نیست. نوشته‌های شما پس از اتصال فرستاده می‌شود.", news: "پیام خوانده‌نشده", says: "می‌گوید",
    busy: "پیام‌های زیادی می‌رسد. پیام شما نگه داشته شد و تا لحظه‌ای دیگر فرستاده می‌شود.",
    closed: "این گفتگو اکنون در دسترس نیست.",
    shut: "اکنون بسته‌ایم.", shutUntil: "اکنون بسته‌ایم. {when} باز می‌کنیم.",
    nobody: "اکنون کسی آنلاین نیست. برای ما بنویسید؛ همین که کسی برگردد، همین‌جا پاسخ می‌دهیم.",
    today: "امروز ساعت {time}", tomorrow: "فردا ساعت {time}", on: "{day} ساعت {time}", todayWord: "امروز", yesterday: "دیروز",
    mail: "ایمیل شما، تا بتوانیم پاسخ دهیم", mailWhy: "فقط پشتیبانی آن را می‌بیند و تنها برای پاسخ به شما به کار می‌رود.",
    mailSend: "ثبت ایمیل", mailThanks: "سپاس. از این نشانی به شما دسترسی داریم: {email}", mailWrong: "این نشانی ایمیل نیست. مانند name@example.com بنویسید.",
    mailLater: "اکنون نشد. لطفاً کمی بعد دوباره امتحان کنید.",
  },
  ar: {
    title: "تحدّث معنا", open: "فتح المحادثة", close: "إغلاق المحادثة", log: "المحادثة", write: "رسالتك",
    send: "إرسال", hello: "مرحبًا! اكتب لنا وسنجيبك هنا.", you: "أنت", agent: "الدعم",
    moved: "هذه محادثة خاصة لا يقرؤها سواك وفريق الدعم. اكتب رسالة للمتابعة.",
    attach: "إرفاق ملفات", files: "ملفات رسالتك", file: "ملف", uploading: "جارٍ الرفع…", removeFile: "إزالة {name}",
    fileTooLarge: "هذا الملف كبير جدًا.", fileFailed: "لم يُرفع هذا الملف.", fileGone: "هذا الملف غير متاح الآن.",
    tooManyFiles: "تتسع الرسالة الواحدة لعدد {most} من الملفات؛ وتُرك منها {count}.",
    fileLargerThan: "هذا الملف كبير جدًا: الحد الأقصى {most} ميغابايت.",
    sending: "جارٍ الإرسال…", failed: "لم تُرسل", again: "أعد المحاولة", hidden: "أُخفيت بيانات خاصة حفاظًا على سلامتك.",
    offline: "لا يوجد اتصال. سيُرسل ما تكتبه فور عودته.", news: "رسائل غير مقروءة", says: "يقول",
    busy: "تصلنا رسائل كثيرة الآن. رسالتك محفوظة وستُرسل بعد لحظات.",
    closed: "هذه المحادثة غير متاحة الآن.",
    shut: "نحن مغلقون الآن.", shutUntil: "نحن مغلقون الآن. نفتح {when}.",
    nobody: "لا أحد متصل في هذه اللحظة. اكتب لنا وسنجيبك هنا حالما يعود أحدنا.",
    today: "اليوم الساعة {time}", tomorrow: "غدًا الساعة {time}", on: "{day} الساعة {time}", todayWord: "اليوم", yesterday: "أمس",
    mail: "بريدك الإلكتروني لنتمكن من الرد عليك", mailWhy: "لا يراه سوى فريق الدعم، ولا يُستخدم إلا للرد عليك.",
    mailSend: "اترك بريدك", mailThanks: "شكرًا. يمكننا الوصول إليك على {email}", mailWrong: "هذا ليس عنوان بريد إلكتروني. اكتبه مثل name@example.com.",
    mailLater: "تعذّر ذلك الآن. حاول مجددًا بعد لحظات.",
  },
  lv: {
    title: "Tērzējiet ar mums", open: "Atvērt tērzēšanu", close: "Aizvērt tērzēšanu", log: "Saruna", write: "Jūsu ziņa",
    send: "Sūtīt", hello: "Labdien! Rakstiet mums; atbildēsim šeit.", you: "Jūs", agent: "Atbalsts",
    moved: "Šī ir privāta saruna: to redz tikai jūs un atbalsta komanda. Uzrakstiet ziņu, lai turpinātu.",
    attach: "Pievienot failus", files: "Jūsu ziņas faili", file: "Fails", uploading: "Augšupielādē…", removeFile: "Noņemt {name}",
    fileTooLarge: "Šis fails ir pārāk liels.", fileFailed: "Fails netika augšupielādēts.", fileGone: "Fails pašlaik nav pieejams.",
    tooManyFiles: "Vienā ziņā var būt {most} faili; {count} palika ārpus tās.",
    fileLargerThan: "Šis fails ir par lielu: tas drīkst būt līdz {most} MB.",
    sending: "Sūta…", failed: "Nav nosūtīts", again: "Mēģināt vēlreiz", hidden: "Jūsu drošībai privātā informācija ir paslēpta.",
    offline: "Nav savienojuma. Rakstītais tiks nosūtīts, tiklīdz tas atjaunosies.", news: "nelasītas ziņas", says: "saka",
    busy: "Pašlaik saņemam daudz ziņu. Jūsu ziņa ir saglabāta un tiks nosūtīta pēc brīža.",
    closed: "Šī tērzēšana pašlaik nav pieejama.",
    shut: "Pašlaik esam slēgti.", shutUntil: "Pašlaik esam slēgti. Atvērsim {when}.",
    nobody: "Šobrīd neviena nav tiešsaistē. Rakstiet mums: atbildēsim šeit, tiklīdz kāds atgriezīsies.",
    today: "šodien plkst. {time}", tomorrow: "rīt plkst. {time}", on: "{day} plkst. {time}", todayWord: "Šodien", yesterday: "Vakar",
    mail: "Jūsu e-pasts, lai varam atbildēt", mailWhy: "To redz tikai mūsu atbalsts un izmanto tikai, lai jums atbildētu.",
    mailSend: "Atstāt e-pastu", mailThanks: "Paldies. Varam ar jums sazināties: {email}", mailWrong: "Tā nav e-pasta adrese. Rakstiet, piemēram, name@example.com.",
    mailLater: "Pašlaik neizdevās. Lūdzu, mēģiniet pēc brīža vēlreiz.",
  },
};
const RIGHT_TO_LEFT = ["fa", "ar"];

export function directionOf(language) {
  return RIGHT_TO_LEFT.indexOf(language) < 0 ? "ltr" : "rtl";
}

export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// The first language that is known: the page's own word, its address, its language, the browser's.
export function languageOf(wished) {
  const known = wished.concat(navigator.languages || []).map((one) => String(one || "").slice(0, 2).toLowerCase());
  return known.find((one) => one in TEXTS) || "en";
}
