"""The sentences by which operators learn what is wrong with an account, and what to do about it, in their languages. Pure.

Commands, addresses and names of credentials stand in them as they have to be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from schemas.values import AgentLanguage, Json
from services.text.sentences import Forms, Phrasebook, SentenceReader, Value, Wording, stored_params

CREDENTIALS: Mapping[str, Wording] = {
    "credentials_refused": {
        "en": "The platform refuses the account's credentials: {said}. Write the account with credentials that work.",
        "fa": "پلتفرم اطلاعات ورود این حساب را نمی‌پذیرد: {said}. حساب را با اطلاعات درست دوباره ثبت کنید.",
        "ar": "ترفض المنصة بيانات اعتماد الحساب: {said}. سجّل الحساب ببيانات صالحة.",
        "lv": "Platforma nepieņem konta piekļuves datus: {said}. Saglabājiet kontu ar derīgiem datiem.",
    },
    "replies_held": {
        "en": "The platform refuses the account's credentials: {said}. Replies are held; write the account with credentials that "
        "work.",
        "fa": "پلتفرم اطلاعات ورود این حساب را نمی‌پذیرد: {said}. پاسخ‌ها نگه داشته می‌شوند؛ حساب را با اطلاعات درست دوباره ثبت کنید.",
        "ar": "ترفض المنصة بيانات اعتماد الحساب: {said}. الردود معلّقة؛ سجّل الحساب ببيانات صالحة.",
        "lv": "Platforma nepieņem konta piekļuves datus: {said}. Atbildes tiek aizturētas; saglabājiet kontu ar derīgiem datiem.",
    },
    "locked_out": {
        "en": "The platform does not let the account in. Replies are held; write the account with credentials that work.",
        "fa": "پلتفرم به این حساب اجازهٔ ورود نمی‌دهد. پاسخ‌ها نگه داشته می‌شوند؛ حساب را با اطلاعات درست دوباره ثبت کنید.",
        "ar": "لا تسمح المنصة بدخول الحساب. الردود معلّقة؛ سجّل الحساب ببيانات صالحة.",
        "lv": "Platforma kontu nelaiž iekšā. Atbildes tiek aizturētas; saglabājiet kontu ar derīgiem datiem.",
    },
    "token_not_renewed": {
        "en": "The access token cannot be renewed: {said}. Connect the account again.",
        "fa": "توکن دسترسی تمدید نمی‌شود: {said}. حساب را دوباره وصل کنید.",
        "ar": "تعذّر تجديد رمز الوصول: {said}. اربط الحساب من جديد.",
        "lv": "Piekļuves pilnvaru nevar atjaunot: {said}. Pievienojiet kontu vēlreiz.",
    },
    "token_expired": {
        "en": "The access token expired {at:moment}, and none could be got: {said}.",
        "fa": "اعتبار توکن دسترسی {at:moment} تمام شد و توکن تازه‌ای به دست نیامد: {said}.",
        "ar": "انتهت صلاحية رمز الوصول {at:moment} وتعذّر الحصول على رمز جديد: {said}.",
        "lv": "Piekļuves pilnvaras derīgums beidzās {at:moment}, un jaunu iegūt neizdevās: {said}.",
    },
    "token_of_other": {
        "en": "The access token is that of {found}, but {name} is {expected}, so answers would go out elsewhere or nowhere. Get the "
        "token of {expected}, or correct {name}.",
        "fa": "توکن دسترسی از آنِ {found} است، اما {name} برابر {expected} است؛ پاسخ‌ها به جای دیگری می‌روند یا فرستاده نمی‌شوند. "
        "توکن {expected} را بگیرید یا {name} را اصلاح کنید.",
        "ar": "رمز الوصول يخص {found}، لكن {name} هو {expected}، فتذهب الردود إلى مكان آخر أو لا تُرسل. احصل على رمز {expected} أو "
        "صحّح {name}.",
        "lv": "Piekļuves pilnvara pieder {found}, bet {name} ir {expected}, tāpēc atbildes aizietu citur vai nekur. Iegūstiet "
        "{expected} pilnvaru vai izlabojiet {name}.",
    },
    "token_of_none": {
        "en": "The access token names no account, but {name} is {expected}, so answers would go nowhere. Get the token of {expected}.",
        "fa": "توکن دسترسی از آنِ هیچ حسابی نیست، اما {name} برابر {expected} است؛ پاسخ‌ها فرستاده نمی‌شوند. توکن {expected} را بگیرید.",
        "ar": "رمز الوصول لا يخص أي حساب، لكن {name} هو {expected}، فلا تُرسل الردود. احصل على رمز {expected}.",
        "lv": "Piekļuves pilnvara nepieder nevienam kontam, bet {name} ir {expected}, tāpēc atbildes netiktu nosūtītas. Iegūstiet "
        "{expected} pilnvaru.",
    },
    "not_reached": {
        "en": "The access token does not reach {name} {expected}. Check {name}, and give the token's system user this account with the "
        "permissions whatsapp_business_messaging and whatsapp_business_management.",
        "fa": "توکن دسترسی به {name} {expected} نمی‌رسد. {name} را بررسی کنید و به کاربر سیستمِ این توکن، دسترسی به حساب را با مجوزهای "
        "whatsapp_business_messaging و whatsapp_business_management بدهید.",
        "ar": "رمز الوصول لا يصل إلى {name} {expected}. تحقّق من {name} وامنح مستخدم النظام صاحب الرمز هذا الحساب مع الإذنين "
        "whatsapp_business_messaging و whatsapp_business_management.",
        "lv": "Piekļuves pilnvara nesniedzas līdz {name} {expected}. Pārbaudiet {name} un piešķiriet pilnvaras sistēmas lietotājam šo "
        "kontu ar atļaujām whatsapp_business_messaging un whatsapp_business_management.",
    },
}
"""About what lets us in at the platform."""
NUMBERS: Mapping[str, Wording] = {
    "number_not_registered": {
        "en": "The number {number} is {status} at WhatsApp. Register it: POST /{number}/register with messaging_product whatsapp and "
        "its PIN.",
        "fa": "وضعیت شمارهٔ {number} در واتس‌اپ {status} است. آن را ثبت کنید: POST /{number}/register با messaging_product برابر whatsapp "
        "و رمز (PIN) شماره.",
        "ar": "حالة الرقم {number} في واتساب هي {status}. سجّله: POST /{number}/register مع messaging_product بقيمة whatsapp ورمزه PIN.",
        "lv": "Numura {number} stāvoklis WhatsApp ir {status}. Reģistrējiet to: POST /{number}/register ar messaging_product whatsapp "
        "un tā PIN.",
    },
    "number_unverified": {
        "en": "The number {number} is unverified at WhatsApp. Verify it with the code that Meta sends to it, in WhatsApp Manager, then "
        "register it.",
        "fa": "شمارهٔ {number} در واتس‌اپ تأیید نشده است. آن را در WhatsApp Manager با کدی که متا می‌فرستد تأیید و سپس ثبت کنید.",
        "ar": "الرقم {number} غير موثّق في واتساب. وثّقه في WhatsApp Manager بالرمز الذي ترسله ميتا إليه ثم سجّله.",
        "lv": "Numurs {number} WhatsApp nav apstiprināts. Apstipriniet to WhatsApp Manager ar kodu, ko Meta tam nosūta, un tad "
        "reģistrējiet.",
    },
    "number_deleted": {
        "en": "The number {number} is deleted at WhatsApp. Add it again in WhatsApp Manager, or connect another number.",
        "fa": "شمارهٔ {number} در واتس‌اپ حذف شده است. آن را در WhatsApp Manager دوباره اضافه کنید یا شمارهٔ دیگری وصل کنید.",
        "ar": "حُذف الرقم {number} من واتساب. أضفه من جديد في WhatsApp Manager أو اربط رقمًا آخر.",
        "lv": "Numurs {number} WhatsApp ir dzēsts. Pievienojiet to WhatsApp Manager no jauna vai pievienojiet citu numuru.",
    },
    "number_migrated": {
        "en": "The number {number} was moved to another WhatsApp Business account. Connect it with that account's token and waba_id.",
        "fa": "شمارهٔ {number} به حساب واتس‌اپ بیزینس دیگری منتقل شده است. آن را با توکن و waba_id همان حساب وصل کنید.",
        "ar": "نُقل الرقم {number} إلى حساب واتساب للأعمال آخر. اربطه برمز ذلك الحساب و waba_id الخاص به.",
        "lv": "Numurs {number} ir pārcelts uz citu WhatsApp Business kontu. Pievienojiet to ar tā konta pilnvaru un waba_id.",
    },
    "number_banned": {
        "en": "The number {number} is banned at WhatsApp. Ask for a review in WhatsApp Manager, under Account quality.",
        "fa": "متا شمارهٔ {number} را در واتس‌اپ مسدود کرده است. در WhatsApp Manager، بخش Account quality، درخواست بازبینی بدهید.",
        "ar": "حظرت ميتا الرقم {number} في واتساب. اطلب مراجعة في WhatsApp Manager ضمن Account quality.",
        "lv": "Meta ir bloķējusi numuru {number}. Lūdziet pārskatīšanu WhatsApp Manager sadaļā Account quality.",
    },
}
"""About the state of a phone number."""
WEBHOOKS: Mapping[str, Wording] = {
    "webhook_not_set": {
        "en": "No webhook is set, so nothing that customers write comes in. Run `pasokh telegram connect`, or set the account's "
        'settings.receive to "poll".',
        "fa": "هیچ وب‌هوکی تنظیم نشده است و پیام‌های مشتریان نمی‌رسد. `pasokh telegram connect` را اجرا کنید یا settings.receive حساب را "
        '"poll" بگذارید.',
        "ar": "لم يُضبط أي ويب هوك، فلا يصل ما يكتبه العملاء. شغّل `pasokh telegram connect` أو اضبط settings.receive للحساب على "
        '"poll".',
        "lv": "Tīmekļa āķis nav iestatīts, tāpēc klientu rakstītais nepienāk. Palaidiet `pasokh telegram connect` vai iestatiet konta "
        'settings.receive uz "poll".',
    },
    "webhook_elsewhere": {
        "en": "The webhook is set to {called}, not to {ours}. Run `pasokh telegram connect`.",
        "fa": "وب‌هوک روی {called} تنظیم شده است، نه روی {ours}. `pasokh telegram connect` را اجرا کنید.",
        "ar": "الويب هوك مضبوط على {called} وليس على {ours}. شغّل `pasokh telegram connect`.",
        "lv": "Tīmekļa āķis ir iestatīts uz {called}, nevis uz {ours}. Palaidiet `pasokh telegram connect`.",
    },
    "webhook_failing": {
        "en": "Telegram cannot deliver to our webhook: {said} ({count:updates}).",
        "fa": "تلگرام نمی‌تواند به وب‌هوک ما برساند: {said} ({count:updates}).",
        "ar": "لا يستطيع تيليغرام التسليم إلى الويب هوك لدينا: {said} ({count:updates}).",
        "lv": "Telegram nevar piegādāt mūsu tīmekļa āķim: {said} ({count:updates}).",
    },
    "bot_webhook_not_set": {
        "en": "No webhook is set, so nothing that customers write comes in. Call setWebhook with {ours}, or set the account's "
        'settings.receive to "poll".',
        "fa": "هیچ وب‌هوکی تنظیم نشده است و پیام‌های مشتریان نمی‌رسد. setWebhook را با {ours} صدا بزنید یا settings.receive حساب را "
        '"poll" بگذارید.',
        "ar": "لم يُضبط أي ويب هوك، فلا يصل ما يكتبه العملاء. استدعِ setWebhook مع {ours} أو اضبط settings.receive للحساب على "
        '"poll".',
        "lv": "Tīmekļa āķis nav iestatīts, tāpēc klientu rakstītais nepienāk. Izsauciet setWebhook ar {ours} vai iestatiet konta "
        'settings.receive uz "poll".',
    },
    "bot_webhook_elsewhere": {
        "en": "The webhook is set to {called}, not to {ours}. Call setWebhook with that address.",
        "fa": "وب‌هوک روی {called} تنظیم شده است، نه روی {ours}. setWebhook را با این نشانی صدا بزنید.",
        "ar": "الويب هوك مضبوط على {called} وليس على {ours}. استدعِ setWebhook مع هذا العنوان.",
        "lv": "Tīmekļa āķis ir iestatīts uz {called}, nevis uz {ours}. Izsauciet setWebhook ar šo adresi.",
    },
    "bot_webhook_failing": {
        "en": "The platform cannot deliver to our webhook: {said} ({count:updates}).",
        "fa": "سکو نمی‌تواند به وب‌هوک ما تحویل بدهد: {said} ({count:updates}).",
        "ar": "لا تستطيع المنصة التسليم إلى الويب هوك لدينا: {said} ({count:updates}).",
        "lv": "Platforma nevar piegādāt mūsu tīmekļa āķim: {said} ({count:updates}).",
    },
    "app_not_subscribed": {
        "en": "The app is not subscribed to {name} {expected}, so Meta does not call us. Call POST "
        "/me/subscribed_apps?subscribed_fields={fields} with the account's access token.",
        "fa": "اپ در {name} {expected} مشترک نیست و متا ما را صدا نمی‌زند. POST /me/subscribed_apps?subscribed_fields={fields} را با توکن "
        "دسترسی حساب بفرستید.",
        "ar": "التطبيق غير مشترك في {name} {expected}، فلا تستدعينا ميتا. أرسل POST /me/subscribed_apps?subscribed_fields={fields} "
        "برمز وصول الحساب.",
        "lv": "Lietotne nav abonējusi {name} {expected}, tāpēc Meta mūs neizsauc. Nosūtiet POST "
        "/me/subscribed_apps?subscribed_fields={fields} ar konta piekļuves pilnvaru.",
    },
    "fields_not_subscribed": {
        "en": "The app does not hear {missing} of {name} {expected}. Call POST /me/subscribed_apps?subscribed_fields={fields} with the "
        "account's access token.",
        "fa": "اپ رویدادهای {missing} را از {name} {expected} نمی‌گیرد. POST /me/subscribed_apps?subscribed_fields={fields} را با توکن "
        "دسترسی حساب بفرستید.",
        "ar": "لا يتلقى التطبيق {missing} من {name} {expected}. أرسل POST /me/subscribed_apps?subscribed_fields={fields} برمز وصول "
        "الحساب.",
        "lv": "Lietotne nesaņem {missing} no {name} {expected}. Nosūtiet POST /me/subscribed_apps?subscribed_fields={fields} ar konta "
        "piekļuves pilnvaru.",
    },
    "no_app_subscribed": {
        "en": "No app is subscribed to the WhatsApp Business account {waba}, so Meta calls nobody. Subscribe it: POST "
        "/{waba}/subscribed_apps with the account's access token.",
        "fa": "هیچ اپی در حساب واتس‌اپ بیزینس {waba} مشترک نیست و متا کسی را صدا نمی‌زند. مشترکش کنید: POST /{waba}/subscribed_apps با "
        "توکن دسترسی حساب.",
        "ar": "لا تطبيق مشترك في حساب واتساب للأعمال {waba}، فلا تستدعي ميتا أحدًا. اشترك: POST /{waba}/subscribed_apps برمز وصول الحساب.",
        "lv": "WhatsApp Business kontu {waba} nav abonējusi neviena lietotne, tāpēc Meta neizsauc nevienu. Abonējiet: POST "
        "/{waba}/subscribed_apps ar konta piekļuves pilnvaru.",
    },
    "app_secret_refused": {
        "en": "Meta does not accept app_id and app_secret together, and then no call of Meta's is taken for genuine. Copy both from the "
        "app's page, App settings > Basic.",
        "fa": "متا app_id و app_secret را با هم نمی‌پذیرد و در نتیجه هیچ درخواستی از متا معتبر شمرده نمی‌شود. هر دو را از صفحهٔ اپ، App "
        "settings > Basic، بردارید.",
        "ar": "لا تقبل ميتا app_id و app_secret معًا، فلا يُعدّ أي نداء من ميتا صحيحًا. انسخهما من صفحة التطبيق، App settings > Basic.",
        "lv": "Meta nepieņem app_id un app_secret kopā, un tad neviens Meta izsaukums netiek atzīts par īstu. Nokopējiet abus no "
        "lietotnes lapas, App settings > Basic.",
    },
    "callback_not_set": {
        "en": "The app has no callback URL of this installation for {subject} webhooks. Set it to {ours}, with the verify_token of the "
        "account.",
        "fa": "اپ برای وب‌هوک‌های {subject} نشانی بازگشت (callback URL) این نصب را ندارد. آن را با verify_token حساب روی {ours} بگذارید.",
        "ar": "ليس للتطبيق عنوان رد (callback URL) لهذا التثبيت للويب هوك {subject}. اضبطه على {ours} مع verify_token للحساب.",
        "lv": "Lietotnei nav šīs instalācijas atzvana adreses (callback URL) {subject} tīmekļa āķiem. Iestatiet {ours} ar konta "
        "verify_token.",
    },
    "callback_elsewhere": {
        "en": "Meta calls {called}, which is not {ours}. Set that as the callback URL of the app's webhooks, with the account's "
        "verify_token.",
        "fa": "متا {called} را صدا می‌زند، نه {ours} را. نشانی دوم را با verify_token حساب، callback URL وب‌هوک‌های اپ بگذارید.",
        "ar": "تستدعي ميتا {called} وليس {ours}. اضبط العنوان الثاني ليكون callback URL للويب هوك في التطبيق مع verify_token للحساب.",
        "lv": "Meta izsauc {called}, nevis {ours}. Iestatiet otro adresi kā lietotnes tīmekļa āķu callback URL ar konta verify_token.",
    },
    "endpoint_not_set": {
        "en": "The platform has no webhook URL. Set {ours} in its console, and switch the webhook on.",
        "fa": "سکو نشانی وب‌هوک ندارد. {ours} را در کنسول آن بگذارید و وب‌هوک را روشن کنید.",
        "ar": "ليس لدى المنصة عنوان ويب هوك. اضبط {ours} في لوحة تحكمها وفعّل الويب هوك.",
        "lv": "Platformai nav tīmekļa āķa adreses. Iestatiet {ours} tās konsolē un ieslēdziet tīmekļa āķi.",
    },
    "endpoint_elsewhere": {
        "en": "The platform calls {called}, which is not {ours}. Set that as the webhook URL in its console.",
        "fa": "سکو {called} را صدا می‌زند، نه {ours} را. نشانی دوم را در کنسول آن نشانی وب‌هوک بگذارید.",
        "ar": "تستدعي المنصة {called} وليس {ours}. اضبط العنوان الثاني ليكون عنوان الويب هوك في لوحة تحكمها.",
        "lv": "Platforma izsauc {called}, nevis {ours}. Iestatiet otro adresi kā tīmekļa āķa adresi tās konsolē.",
    },
    "endpoint_switched_off": {
        "en": "The webhook is switched off at the platform, so nothing that customers write comes in. Switch it on in its console.",
        "fa": "وب‌هوک در سکو خاموش است و پیام‌های مشتریان نمی‌رسد. آن را در کنسول سکو روشن کنید.",
        "ar": "الويب هوك معطّل لدى المنصة، فلا يصل ما يكتبه العملاء. فعّله في لوحة تحكمها.",
        "lv": "Tīmekļa āķis platformā ir izslēgts, tāpēc klientu rakstītais nepienāk. Ieslēdziet to platformas konsolē.",
    },
    "endpoint_refused": {
        "en": "The platform does not take {ours} as the address that it calls: {said}. The address has to be https, with a certificate "
        "that everybody trusts.",
        "fa": "پلتفرم نشانی {ours} را برای تماس نمی‌پذیرد: {said}. نشانی باید https باشد و گواهی آن را همه معتبر بدانند.",
        "ar": "لا تقبل المنصة العنوان {ours} لتستدعيه: {said}. يجب أن يكون العنوان https بشهادة يثق بها الجميع.",
        "lv": "Platforma nepieņem adresi {ours}, ko tai izsaukt: {said}. Adresei jābūt https ar sertifikātu, kuram visi uzticas.",
    },
}
"""About how the platform is told to call us."""
FETCHING: Mapping[str, Wording] = {
    "fetching_refused": {
        "en": "Updates cannot be fetched: {said}. Write the account with a token that works.",
        "fa": "رویدادها را نمی‌توان دریافت کرد: {said}. حساب را با توکن درست دوباره ثبت کنید.",
        "ar": "تعذّر جلب التحديثات: {said}. سجّل الحساب برمز صالح.",
        "lv": "Atjauninājumus nevar saņemt: {said}. Saglabājiet kontu ar derīgu pilnvaru.",
    },
    "fetched_by_other": {
        "en": "Somebody else fetches this bot's updates, or a webhook is set: {said}. Stop the other one.",
        "fa": "کس دیگری رویدادهای این ربات را دریافت می‌کند یا وب‌هوکی تنظیم شده است: {said}. آن دیگری را متوقف کنید.",
        "ar": "جهة أخرى تجلب تحديثات هذا الروبوت أو ضُبط ويب هوك: {said}. أوقف الجهة الأخرى.",
        "lv": "Šī bota atjauninājumus saņem kāds cits, vai ir iestatīts tīmekļa āķis: {said}. Apturiet to otru.",
    },
    "fetching_failed": {
        "en": "Updates cannot be fetched: {said}.",
        "fa": "رویدادها را نمی‌توان دریافت کرد: {said}.",
        "ar": "تعذّر جلب التحديثات: {said}.",
        "lv": "Atjauninājumus nevar saņemt: {said}.",
    },
}
"""About events that we fetch."""
TRAFFIC: Mapping[str, Wording] = {
    "paused": {
        "en": "The platform takes nothing more of the account for now; replies wait and go on {until:moment}.",
        "fa": "پلتفرم فعلاً چیزی از این حساب نمی‌پذیرد؛ پاسخ‌ها منتظر می‌مانند و {until:moment} ادامه می‌یابند.",
        "ar": "لا تقبل المنصة شيئًا من الحساب الآن؛ الردود تنتظر وتُستأنف {until:moment}.",
        "lv": "Platforma pagaidām no konta neko nepieņem; atbildes gaida un turpinās {until:moment}.",
    },
    "forged": {
        "en": "{count:calls} with a wrong or missing secret, the last {at:moment}; they were turned away.",
        "fa": "{count:calls} با رمز نادرست یا بی‌رمز رسید، آخرین آن {at:moment}؛ هیچ‌یک پذیرفته نشد.",
        "ar": "{count:calls} بسرّ خاطئ أو بلا سرّ، آخرها {at:moment}؛ ورُفضت كلها.",
        "lv": "{count:calls} ar nepareizu noslēpumu vai bez tā, pēdējais {at:moment}; tie tika noraidīti.",
    },
    "silent": {
        "en": "The last that came in was {at:moment}, though the account usually hears something in these hours. Send it a message; if "
        "that does not arrive, look at the account's settings on its platform.",
        "fa": "آخرین پیام {at:moment} رسید، با اینکه این حساب معمولاً در این ساعت‌ها پیام دارد. پیامی به آن بفرستید؛ اگر نرسید، تنظیمات "
        "حساب را در پلتفرمش بررسی کنید.",
        "ar": "وصل آخر شيء {at:moment}، مع أن الحساب يتلقى عادةً شيئًا في هذه الساعات. أرسل إليه رسالة؛ فإن لم تصل فراجع إعدادات الحساب "
        "على منصته.",
        "lv": "Pēdējais pienāca {at:moment}, lai gan šajās stundās konts parasti kaut ko saņem. Nosūtiet tam ziņu; ja tā nepienāk, "
        "pārbaudiet konta iestatījumus platformā.",
    },
    "so_far": {
        "en": "So far {count}, the last {at:moment}.",
        "fa": "تاکنون {count}، آخرین آن {at:moment}.",
        "ar": "العدد حتى الآن {count}، آخرها {at:moment}.",
        "lv": "Līdz šim {count}, pēdējais {at:moment}.",
    },
}
"""About what goes in and out."""
ADVICE: Mapping[str, Wording] = {
    "ses_bucket": {
        "en": "Mails arrive without their content, because the SES receipt rule puts them into a bucket: give the rule the action "
        "Publish to Amazon SNS topic (encoding Base64) in place of the topic of its S3 action; the mails until then are in the bucket.",
        "fa": "ایمیل‌ها بدون محتوا می‌رسند، چون قاعدهٔ دریافت SES آن‌ها را در باکت می‌گذارد: به‌جای تاپیکِ اقدام S3، اقدام Publish to Amazon "
        "SNS topic (با encoding برابر Base64) را به قاعده بدهید؛ ایمیل‌های تا آن زمان در باکت‌اند.",
        "ar": "تصل الرسائل بلا محتواها لأن قاعدة الاستلام في SES تضعها في حاوية: أعطِ القاعدة الإجراء Publish to Amazon SNS topic "
        "(الترميز Base64) بدل موضوع إجراء S3؛ والرسائل حتى ذلك الحين في الحاوية.",
        "lv": "Vēstules pienāk bez satura, jo SES saņemšanas kārtula tās liek spainī: piešķiriet kārtulai darbību Publish to Amazon SNS "
        "topic (kodējums Base64) tās S3 darbības tēmas vietā; līdzšinējās vēstules ir spainī.",
    },
}
"""What to change at a platform that leaves the content of messages out."""
LEDGER: Mapping[str, Wording] = {
    "received_unbalanced": {
        "en": "{count:activities} received, but neither published nor rejected nor failed.",
        "fa": "{count:activities} دریافت شده، اما نه منتشر شده، نه رد شده و نه ناموفق ثبت شده است.",
        "ar": "{count:activities} مستلمة، لكنها لم تُنشر ولم تُرفض ولم تفشل.",
        "lv": "{count:activities} ir saņemtas, bet nav ne publicētas, ne noraidītas, ne neizdevušās.",
    },
    "consumed_unbalanced": {
        "en": "{count:activities} consumed, but neither new nor repeats nor dead letters.",
        "fa": "{count:activities} خوانده شده، اما نه تازه است، نه تکراری و نه وامانده.",
        "ar": "{count:activities} مقروءة، لكنها ليست جديدة ولا مكررة ولا متعذرة.",
        "lv": "{count:activities} ir nolasītas, bet nav ne jaunas, ne atkārtotas, ne neapstrādātas.",
    },
    "lost": {
        "en": "{count:activities} published, but not in the log: the bus lost them, or its retention ended.",
        "fa": "{count:activities} منتشر شده، اما در لاگ نیست: گذرگاه پیام آن را از دست داده یا مهلت نگهداری‌اش تمام شده است.",
        "ar": "{count:activities} منشورة، لكنها ليست في السجل: فقدها ناقل الرسائل أو انتهت مدة الاحتفاظ بها.",
        "lv": "{count:activities} ir publicētas, bet žurnālā to nav: ziņojumu kopne tās pazaudēja, vai beidzās glabāšanas laiks.",
    },
}
"""What does not balance in an account's ledger."""
NOUNS: Mapping[str, Mapping[AgentLanguage, Forms]] = {
    "calls": {
        "en": {"one": "{n} call", "other": "{n} calls"},
        "fa": {"other": "{n} درخواست"},
        "ar": {"one": "نداء واحد", "two": "نداءان", "few": "{n} نداءات", "many": "{n} نداءً", "other": "{n} نداء"},
        "lv": {"zero": "{n} izsaukumu", "one": "{n} izsaukums", "other": "{n} izsaukumi"},
    },
    "updates": {
        "en": {"one": "{n} update waits", "other": "{n} updates wait"},
        "fa": {"other": "{n} رویداد در انتظار"},
        "ar": {
            "one": "تحديث واحد ينتظر",
            "two": "تحديثان ينتظران",
            "few": "{n} تحديثات تنتظر",
            "many": "{n} تحديثًا ينتظر",
            "other": "{n} تحديث ينتظر",
        },
        "lv": {"zero": "gaida {n} atjauninājumu", "one": "gaida {n} atjauninājums", "other": "gaida {n} atjauninājumi"},
    },
    "activities": {
        "en": {"one": "{n} activity is", "other": "{n} activities are"},
        "fa": {"other": "{n} فعالیت"},
        "ar": {"other": "عدد الأنشطة {n}:"},
        "lv": {"other": "Darbības ({n})"},
    },
}
SENTENCES: Mapping[str, Wording] = {**CREDENTIALS, **NUMBERS, **WEBHOOKS, **FETCHING, **TRAFFIC, **ADVICE, **LEDGER}
BOOK = Phrasebook(SENTENCES, NOUNS)
ENGLISH = SentenceReader(names_zone=True)
INCOMPLETE = "incomplete"
"""The reason of a sentence of two: an advice, and `so_far`."""
_CODES_OF_ADVICE = {wording["en"]: code for code, wording in ADVICE.items()}


@dataclass(frozen=True, slots=True)
class FindingReason:
    """The code of a sentence, and what is in it."""

    code: str
    params: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """What is wrong with an account, in English words. Without a `reason` they are all that is known: those of an earlier version."""

    detail: str
    reason: FindingReason | None = None


WELL = AccountFinding("")


def finding(code: str, now: datetime | None = None, /, **params: Value | None) -> AccountFinding:
    """What is wrong with an account, by the code of its sentence. Raises KeyError for an unknown code."""
    if isinstance(said := params.get("said"), str):
        params["said"] = said.rstrip(". ")
    return in_language(AccountFinding("", FindingReason(code, stored_params(**params))), ENGLISH, now)


def incomplete(advice: str, count: int, at: datetime, now: datetime | None = None) -> AccountFinding:
    """What comes in without its content, and the channel's sentence on what to change."""
    params = stored_params(advice=_CODES_OF_ADVICE.get(advice, advice), count=count, at=at)
    return in_language(AccountFinding(advice, FindingReason(INCOMPLETE, params)), ENGLISH, now)


def in_language(found: AccountFinding, reader: SentenceReader, now: datetime | None = None) -> AccountFinding:
    """The finding in the language of its reader; one without a sentence of ours stays as it is."""
    reason = found.reason
    if reason is None:
        return found
    if reason.code == INCOMPLETE:
        advice = str(reason.params["advice"])
        first = BOOK.word(advice, reader, {}) if advice in ADVICE else advice
        return replace(found, detail=f"{first} {BOOK.word('so_far', reader, reason.params, now)}")
    if reason.code not in SENTENCES or not BOOK.needs(reason.code) <= reason.params.keys():
        return found
    return replace(found, detail=BOOK.word(reason.code, reader, reason.params, now))
