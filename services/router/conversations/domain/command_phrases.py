"""The sentences by which agents learn why a command is refused, in their languages. Pure.

The conversation's owner decides with the English sentence; whoever asked reads it in their own language.
"""

from collections.abc import Mapping

from schemas.values import AgentLanguage, Problem
from services.domain import work_phrases
from services.text.sentences import Forms, Phrasebook, Value, Wording

CONVERSATIONS: Mapping[str, Wording] = {
    "no_conversation": {
        "en": "There is no such conversation.",
        "fa": "چنین گفتگویی نیست.",
        "ar": "لا توجد محادثة كهذه.",
        "lv": "Šādas sarunas nav.",
    },
    "newer_message": {
        "en": "There is a newer message that you had not seen. Read it, then send again.",
        "fa": "پیام تازه‌تری هست که ندیده بودید. آن را بخوانید و سپس دوباره بفرستید.",
        "ar": "هناك رسالة أحدث لم تكن قد رأيتها. اقرأها ثم أرسل من جديد.",
        "lv": "Ir jaunāka ziņa, kuru vēl nebijāt redzējis. Izlasiet to un sūtiet vēlreiz.",
    },
    "conversation_resolved": {
        "en": "The conversation is resolved. Reopen it, or wait for the customer to write again.",
        "fa": "این گفتگو حل‌شده است. آن را دوباره باز کنید یا صبر کنید تا مشتری دوباره پیام بدهد.",
        "ar": "تم حل هذه المحادثة. أعد فتحها أو انتظر حتى يكتب العميل مرة أخرى.",
        "lv": "Saruna ir atrisināta. Atveriet to vēlreiz vai gaidiet, līdz klients uzraksta.",
    },
    "conversation_closed": {
        "en": "The conversation is closed for good; the customer's next message opens another.",
        "fa": "این گفتگو برای همیشه بسته شده است؛ پیام بعدی مشتری گفتگوی تازه‌ای باز می‌کند.",
        "ar": "أُغلقت هذه المحادثة نهائيًا؛ رسالة العميل التالية تفتح محادثة أخرى.",
        "lv": "Saruna ir slēgta pavisam; klienta nākamā ziņa atvērs citu.",
    },
    "already_resolved": {
        "en": "The conversation is already resolved.",
        "fa": "این گفتگو پیش‌تر حل شده است.",
        "ar": "هذه المحادثة محلولة من قبل.",
        "lv": "Saruna jau ir atrisināta.",
    },
    "not_resolved": {
        "en": "The conversation is open; only a resolved one can be reopened.",
        "fa": "این گفتگو باز است؛ فقط گفتگوی حل‌شده را می‌توان دوباره باز کرد.",
        "ar": "هذه المحادثة مفتوحة؛ لا يُعاد فتح إلا محادثة محلولة.",
        "lv": "Saruna ir atvērta; vēlreiz atvērt var tikai atrisinātu.",
    },
    "another_is_open": {
        "en": "The customer has another open conversation there: {conversation}.",
        "fa": "مشتری آنجا گفتگوی باز دیگری دارد: {conversation}.",
        "ar": "للعميل محادثة أخرى مفتوحة هناك: {conversation}.",
        "lv": "Klientam tur ir cita atvērta saruna: {conversation}.",
    },
    "goes_on_elsewhere": {
        "en": "This visitor is the customer of conversation {conversation}: reply there.",
        "fa": "این بازدیدکننده همان مشتری گفتگوی {conversation} است: آنجا پاسخ دهید.",
        "ar": "هذا الزائر هو عميل المحادثة {conversation}: أجب هناك.",
        "lv": "Šis apmeklētājs ir sarunas {conversation} klients: atbildiet tur.",
    },
    "assigned_to_other": {
        "en": "{agent} is not the assignee. It is with {assignee}; only the assignee can do this.",
        "fa": "این گفتگو با {agent} نیست، با {assignee} است و فقط خود او می‌تواند این کار را بکند.",
        "ar": "هذه المحادثة ليست لدى {agent} بل لدى {assignee}، وهو وحده من يستطيع ذلك.",
        "lv": "Saruna nav piešķirta aģentam {agent}, bet gan aģentam {assignee}; to var darīt tikai viņš.",
    },
    "mention_unseen": {
        "en": "{agent} may not see this conversation, so a note here cannot call them.",
        "fa": "{agent} اجازهٔ دیدن این گفتگو را ندارد، پس یادداشت اینجا نمی‌تواند او را صدا بزند.",
        "ar": "لا يُسمح لـ{agent} برؤية هذه المحادثة، فلا يمكن لملاحظة هنا أن تستدعيه.",
        "lv": "{agent} nedrīkst redzēt šo sarunu, tāpēc piezīme šeit viņu nevar pasaukt.",
    },
    "without_agent": {
        "en": "{agent} is not the assignee. It waits and has no agent yet; only the assignee can do this.",
        "fa": "این گفتگو با {agent} نیست: در صف است و هنوز کارشناسی ندارد. فقط کارشناس گفتگو می‌تواند این کار را بکند.",
        "ar": "هذه المحادثة ليست لدى {agent}: هي في الانتظار ولا موظف لها بعد. لا يستطيع ذلك إلا الموظف المسؤول عنها.",
        "lv": "Saruna nav piešķirta aģentam {agent}: tā gaida, un aģenta tai vēl nav. To var darīt tikai sarunas aģents.",
    },
    "answered_elsewhere": {
        "en": "{agent} is not the assignee. It was answered elsewhere by your own side and has no agent: transfer it to one; only the "
        "assignee can do this.",
        "fa": "این گفتگو با {agent} نیست: همکارانتان جای دیگری به آن پاسخ داده‌اند و کارشناسی ندارد. آن را به کارشناسی بسپارید؛ فقط او "
        "می‌تواند این کار را بکند.",
        "ar": "هذه المحادثة ليست لدى {agent}: أجاب عنها فريقك في مكان آخر ولا موظف لها. حوّلها إلى موظف؛ فهو وحده من يستطيع ذلك.",
        "lv": "Saruna nav piešķirta aģentam {agent}: uz to atbildēja citur, un aģenta tai nav. Nododiet to aģentam; to var darīt "
        "tikai viņš.",
    },
    "assigned_to_other_may_overrule": {
        "en": "{agent} is not the assignee; it is with {assignee}. Leave `agent` out to overrule.",
        "fa": "این گفتگو با {agent} نیست، با {assignee} است. برای نادیده گرفتن این، `agent` را ننویسید.",
        "ar": "هذه المحادثة ليست لدى {agent} بل لدى {assignee}. احذف `agent` لتجاوز ذلك.",
        "lv": "Saruna nav piešķirta aģentam {agent}, bet gan aģentam {assignee}. Lai to apietu, izlaidiet `agent`.",
    },
    "other_agent_has_customer": {
        "en": "The customer's conversation {conversation} is with {assignee}: leave the message to them, or transfer it first.",
        "fa": "گفتگوی {conversation} این مشتری با {assignee} است: پیام را به او بسپارید، یا اول گفتگو را منتقل کنید.",
        "ar": "محادثة العميل {conversation} لدى {assignee}: اترك الرسالة له، أو حوّل المحادثة أولًا.",
        "lv": "Klienta saruna {conversation} ir aģentam {assignee}: atstājiet ziņu viņam vai vispirms nododiet sarunu.",
    },
    "already_with_agent": {
        "en": "{assignee} has the conversation already.",
        "fa": "این گفتگو همین حالا با {assignee} است.",
        "ar": "المحادثة لدى {assignee} من قبل.",
        "lv": "Saruna jau ir aģentam {assignee}.",
    },
    "already_with_team": {
        "en": "The conversation is with team {team} already.",
        "fa": "این گفتگو همین حالا با تیم {team} است.",
        "ar": "المحادثة لدى الفريق {team} من قبل.",
        "lv": "Saruna jau ir komandai {team}.",
    },
    "agent_offline": {
        "en": "{agent} is offline. Transfer to a team, or to an agent who is online or away.",
        "fa": "{agent} آفلاین است. گفتگو را به یک تیم، یا به کارشناسی که آنلاین یا دور از میز است بسپارید.",
        "ar": "{agent} غير متصل. حوّل المحادثة إلى فريق، أو إلى موظف متصل أو بعيد مؤقتًا.",
        "lv": "{agent} ir bezsaistē. Nododiet sarunu komandai vai aģentam, kas ir tiešsaistē vai īslaicīgi prom.",
    },
    "visitor_not_waiting": {
        "en": "{visitor} did not follow the link of this hand-off. Nobody is waiting to be confirmed.",
        "fa": "{visitor} از پیوند این گفتگو نیامده است. کسی منتظر تأیید نیست.",
        "ar": "لم يأتِ {visitor} من رابط هذه المحادثة. لا أحد ينتظر التأكيد.",
        "lv": "{visitor} neatvēra šīs sarunas saiti. Apstiprinājumu neviens negaida.",
    },
    "other_visitors_wait": {
        "en": "{visitor} did not follow the link of this hand-off. These did: {visitors}.",
        "fa": "{visitor} از پیوند این گفتگو نیامده است. این‌ها آمده‌اند: {visitors}.",
        "ar": "لم يأتِ {visitor} من رابط هذه المحادثة. جاء منه: {visitors}.",
        "lv": "{visitor} neatvēra šīs sarunas saiti. To atvēra: {visitors}.",
    },
}
"""About the conversation and who has it."""
REPLIES: Mapping[str, Wording] = {
    "no_private_address": {
        "en": "The customer has not written in private here, so there is no address for it. Answer in public.",
        "fa": "مشتری اینجا پیام خصوصی نداده است و نشانی‌ای برای پاسخ خصوصی نیست. عمومی پاسخ دهید.",
        "ar": "لم يكتب العميل هنا على الخاص، فلا عنوان للرد الخاص. أجب علنًا.",
        "lv": "Klients šeit nav rakstījis privāti, tāpēc privātai atbildei nav adreses. Atbildiet publiski.",
    },
    "no_public_address": {
        "en": "The customer has not written in public here, so there is no address for it. Answer in private.",
        "fa": "مشتری اینجا عمومی ننوشته است و نشانی‌ای برای پاسخ عمومی نیست. خصوصی پاسخ دهید.",
        "ar": "لم يكتب العميل هنا علنًا، فلا عنوان للرد العلني. أجب على الخاص.",
        "lv": "Klients šeit nav rakstījis publiski, tāpēc publiskai atbildei nav adreses. Atbildiet privāti.",
    },
    "secret_in_public": {
        "en": "What others read must not hold a secret ({kinds}). Write it without, or in private.",
        "fa": "آنچه دیگران می‌خوانند نباید اطلاعات محرمانه داشته باشد ({kinds}). بدون آن یا خصوصی بنویسید.",
        "ar": "يجب ألا يحتوي ما يقرؤه الآخرون على معلومات سرية ({kinds}). اكتبه دونها أو على الخاص.",
        "lv": "Tajā, ko lasa citi, nedrīkst būt slepenu datu ({kinds}). Rakstiet bez tiem vai privāti.",
    },
    "secret_in_public_at": {
        "en": "A public reply must not hold a secret ({kinds}): {where}. Write it without, or in private. If this is no secret, send it "
        "again with `confirm`: true.",
        "fa": "پاسخ عمومی نباید اطلاعات محرمانه داشته باشد ({kinds}): {where}. بدون آن یا خصوصی بنویسید. اگر محرمانه نیست، با "
        "`confirm`: true دوباره بفرستید.",
        "ar": "يجب ألا يحتوي الرد العلني على معلومات سرية ({kinds}): {where}. اكتبه دونها أو على الخاص. إن لم تكن سرية فأعد إرساله "
        "مع `confirm`: true.",
        "lv": "Publiskā atbildē nedrīkst būt slepenu datu ({kinds}): {where}. Rakstiet bez tiem vai privāti. Ja tie nav slepeni, sūtiet "
        "vēlreiz ar `confirm`: true.",
    },
    "card_number": {
        "en": "A reply must not hold a card number: {where}. Write it without, or, if this is no secret, send it again with "
        "`confirm`: true.",
        "fa": "پاسخ نباید شمارهٔ کارت داشته باشد: {where}. بدون آن بنویسید، یا اگر محرمانه نیست با `confirm`: true دوباره بفرستید.",
        "ar": "يجب ألا يحتوي الرد على رقم بطاقة: {where}. اكتبه دونه، أو إن لم يكن سريًا فأعد إرساله مع `confirm`: true.",
        "lv": "Atbildē nedrīkst būt kartes numura: {where}. Rakstiet bez tā vai, ja tas nav slepens, sūtiet vēlreiz ar `confirm`: true.",
    },
    "sensitive_case": {
        "en": "The case is sensitive: answer on the private surface, where nobody else reads. While nobody followed the link there is "
        "none: wait until it expires, or say that the public may read it by POST …/handoff/clear.",
        "fa": "این مورد حساس است: در بخش خصوصی پاسخ دهید که کس دیگری نمی‌خواند. تا کسی از پیوند نیامده بخش خصوصی نیست: صبر کنید تا مهلت "
        "پیوند تمام شود، یا با POST …/handoff/clear بگویید که دیگران هم می‌توانند بخوانند.",
        "ar": "هذه محادثة حساسة: أجب على الخاص حيث لا يقرأ أحد غيركما. ما لم يفتح أحد الرابط فلا خاص هنا: انتظر حتى تنتهي صلاحيته، أو "
        "اسمح للآخرين بالقراءة عبر POST …/handoff/clear.",
        "lv": "Saruna ir sensitīva: atbildiet privāti, kur neviens cits nelasa. Kamēr saiti neviens nav atvēris, privātas puses nav: "
        "gaidiet, līdz saite beidzas, vai ar POST …/handoff/clear ļaujiet lasīt citiem.",
    },
    "delete_instead": {
        "en": "The case is sensitive: delete the message, or answer on the private surface.",
        "fa": "این مورد حساس است: پیام را حذف کنید یا خصوصی پاسخ دهید.",
        "ar": "هذه محادثة حساسة: احذف الرسالة أو أجب على الخاص.",
        "lv": "Saruna ir sensitīva: izdzēsiet ziņu vai atbildiet privāti.",
    },
}
"""About what is answered and where."""
FILES: Mapping[str, Wording] = {
    "no_files": {
        "en": "{channel} takes no files here. Send a text.",
        "fa": "{channel} اینجا فایل نمی‌پذیرد. متن بفرستید.",
        "ar": "لا يقبل {channel} ملفات هنا. أرسل نصًا.",
        "lv": "{channel} šeit failus nepieņem. Sūtiet tekstu.",
    },
    "too_many_files": {
        "en": "{channel} takes at most {limit:files} in one message; these are {count}. Send the rest in another reply.",
        "fa": "{channel} در هر پیام حداکثر {limit:files} می‌پذیرد؛ این‌ها {count} فایل است. بقیه را در پاسخ دیگری بفرستید.",
        "ar": "أقصى ما يقبله {channel} في رسالة واحدة هو {limit:files}؛ وعددها هنا {count}. أرسل الباقي في رد آخر.",
        "lv": "{channel} vienā ziņā pieņem ne vairāk kā {limit:files}; šeit to ir {count}. Pārējos sūtiet citā atbildē.",
    },
    "file_too_large": {
        "en": "{file} has {size:megabytes}, and {channel} takes at most {limit:megabytes}. Send a smaller one.",
        "fa": "{file} {size:megabytes} است و {channel} حداکثر {limit:megabytes} می‌پذیرد. فایل کوچک‌تری بفرستید.",
        "ar": "حجم {file} هو {size:megabytes}، وأقصى ما يقبله {channel} هو {limit:megabytes}. أرسل ملفًا أصغر.",
        "lv": "{file} lielums ir {size:megabytes}, bet {channel} pieņem ne vairāk kā {limit:megabytes}. Sūtiet mazāku failu.",
    },
    "file_slightly_too_large": {
        "en": "{file} has {size:bytes}, and {channel} takes at most {limit:bytes}. Send a smaller one.",
        "fa": "{file} {size:bytes} است و {channel} حداکثر {limit:bytes} می‌پذیرد. فایل کوچک‌تری بفرستید.",
        "ar": "حجم {file} هو {size:bytes}، وأقصى ما يقبله {channel} هو {limit:bytes}. أرسل ملفًا أصغر.",
        "lv": "{file} lielums: {size:bytes}; {channel} atļautais lielums: {limit:bytes}. Sūtiet mazāku failu.",
    },
    "files_too_large": {
        "en": "These files have {size:megabytes} together, and {channel} takes at most {limit:megabytes}. Send some apart.",
        "fa": "این فایل‌ها با هم {size:megabytes} است و {channel} حداکثر {limit:megabytes} می‌پذیرد. چند تا را جدا بفرستید.",
        "ar": "حجم هذه الملفات معًا {size:megabytes}، وأقصى ما يقبله {channel} هو {limit:megabytes}. أرسل بعضها على حدة.",
        "lv": "Šo failu kopējais lielums ir {size:megabytes}, bet {channel} pieņem ne vairāk kā {limit:megabytes}. Sūtiet daļu atsevišķi.",
    },
    "files_slightly_too_large": {
        "en": "These files have {size:bytes} together, and {channel} takes at most {limit:bytes}. Send some apart.",
        "fa": "این فایل‌ها با هم {size:bytes} است و {channel} حداکثر {limit:bytes} می‌پذیرد. چند تا را جدا بفرستید.",
        "ar": "حجم هذه الملفات معًا {size:bytes}، وأقصى ما يقبله {channel} هو {limit:bytes}. أرسل بعضها على حدة.",
        "lv": "Šo failu kopējais lielums: {size:bytes}; {channel} atļautais lielums: {limit:bytes}. Sūtiet daļu atsevišķi.",
    },
    "file_type": {
        "en": "{file} is of type {type}; {channel} takes {types}.",
        "fa": "نوع {file} {type} است؛ {channel} این نوع‌ها را می‌پذیرد: {types}.",
        "ar": "نوع {file} هو {type}؛ يقبل {channel} الأنواع: {types}.",
        "lv": "{file} tips ir {type}; {channel} pieņem: {types}.",
    },
    "file_type_unknown": {
        "en": "{file} is a type that its bytes do not show; {channel} takes {types}.",
        "fa": "نوع {file} از محتوایش معلوم نیست؛ {channel} این نوع‌ها را می‌پذیرد: {types}.",
        "ar": "لا يظهر نوع {file} من محتواه؛ يقبل {channel} الأنواع: {types}.",
        "lv": "{file} tipu pēc satura nevar noteikt; {channel} pieņem: {types}.",
    },
    "files_of_private_reply": {
        "en": "A private reply to a public post is one message of text. Send the files once the customer has answered it.",
        "fa": "پاسخ خصوصی به پست عمومی فقط یک پیام متنی است. فایل‌ها را پس از جواب مشتری بفرستید.",
        "ar": "الرد الخاص على منشور علني رسالة نصية واحدة. أرسل الملفات بعد أن يجيب العميل.",
        "lv": "Privāta atbilde uz publisku ierakstu ir viena teksta ziņa. Failus sūtiet, kad klients būs atbildējis.",
    },
}
"""About the files of a reply."""
ACTIONS: Mapping[str, Wording] = {
    "no_message": {
        "en": "There is no such message in this conversation.",
        "fa": "در این گفتگو چنین پیامی نیست.",
        "ar": "لا توجد رسالة كهذه في هذه المحادثة.",
        "lv": "Šajā sarunā šādas ziņas nav.",
    },
    "not_on_channel": {
        "en": "{channel} cannot do this to messages of this side. Its actions: {actions}.",
        "fa": "{channel} این کار را با پیام‌های این بخش نمی‌تواند بکند. کارهای ممکن: {actions}.",
        "ar": "لا يستطيع {channel} فعل ذلك برسائل هذا الجانب. الإجراءات الممكنة: {actions}.",
        "lv": "{channel} ar šīs puses ziņām to nevar izdarīt. Iespējamās darbības: {actions}.",
    },
    "no_telephone": {
        "en": "The account {account} does not say which telephone is that of {agent}: its setting `agents` has them.",
        "fa": "حساب {account} نمی‌گوید کدام تلفن از آنِ {agent} است: تنظیم `agents` آن را دارد.",
        "ar": "لا يذكر الحساب {account} أي هاتف هو هاتف {agent}: تجده في إعداده `agents`.",
        "lv": "Kontā {account} nav norādīts, kurš tālrunis ir aģentam {agent}: tos satur tā iestatījums `agents`.",
    },
    "no_number": {
        "en": "The customer withholds their number, so they cannot be called.",
        "fa": "مشتری شماره‌اش را پنهان کرده است و نمی‌توان به او زنگ زد.",
        "ar": "يحجب العميل رقمه، فلا يمكن الاتصال به.",
        "lv": "Klients slēpj savu numuru, tāpēc viņam nevar piezvanīt.",
    },
    "call_in_progress": {
        "en": "There is a call with this customer already. Wait until it is over.",
        "fa": "هم‌اکنون با این مشتری تماسی برقرار است. تا پایان آن صبر کنید.",
        "ar": "هناك مكالمة جارية مع هذا العميل. انتظر حتى تنتهي.",
        "lv": "Ar šo klientu jau notiek saruna. Pagaidiet, līdz tā beidzas.",
    },
    "no_actions_on_channel": {
        "en": "{channel} cannot do this, nor anything else, to messages of this side.",
        "fa": "{channel} با پیام‌های این بخش هیچ کاری نمی‌تواند بکند.",
        "ar": "لا يستطيع {channel} فعل ذلك ولا غيره برسائل هذا الجانب.",
        "lv": "{channel} ar šīs puses ziņām neko nevar darīt.",
    },
    "is_note": {
        "en": "A note is no message of the platform.",
        "fa": "یادداشت پیامی در پلتفرم نیست.",
        "ar": "الملاحظة ليست رسالة على المنصة.",
        "lv": "Piezīme nav platformas ziņa.",
    },
    "is_deleted": {
        "en": "The message is deleted.",
        "fa": "این پیام حذف شده است.",
        "ar": "هذه الرسالة محذوفة.",
        "lv": "Ziņa ir dzēsta.",
    },
    "is_failed": {
        "en": "The message did not arrive at the platform.",
        "fa": "این پیام به پلتفرم نرسیده است.",
        "ar": "لم تصل هذه الرسالة إلى المنصة.",
        "lv": "Ziņa platformu nesasniedza.",
    },
    "only_ours": {
        "en": "Only our own messages can be edited or deleted; this one is the customer's.",
        "fa": "فقط پیام‌های خودمان را می‌توان ویرایش یا حذف کرد؛ این پیام از مشتری است.",
        "ar": "لا يمكن تعديل أو حذف إلا رسائلنا؛ وهذه رسالة العميل.",
        "lv": "Labot vai dzēst var tikai mūsu ziņas; šī ir klienta.",
    },
    "only_customers": {
        "en": "This is for messages of customers; this one is our own.",
        "fa": "این کار برای پیام‌های مشتری است؛ این پیام از خودمان است.",
        "ar": "هذا لرسائل العملاء؛ وهذه رسالتنا.",
        "lv": "Tas ir klientu ziņām; šī ir mūsu.",
    },
    "only_public": {
        "en": "Only public messages can be hidden: nobody else reads this one.",
        "fa": "فقط پیام‌های عمومی را می‌توان پنهان کرد: این پیام را کس دیگری نمی‌خواند.",
        "ar": "لا يمكن إخفاء إلا الرسائل العلنية: هذه لا يقرؤها أحد غيركما.",
        "lv": "Paslēpt var tikai publiskas ziņas: šo neviens cits nelasa.",
    },
    "edit_of_several": {
        "en": "The platform has it in several messages, of which an edit changes one. Delete it, and write it again.",
        "fa": "این پیام در پلتفرم چند پیام است و ویرایش فقط یکی را تغییر می‌دهد. آن را حذف کنید و دوباره بنویسید.",
        "ar": "هي على المنصة عدة رسائل، والتعديل يغيّر واحدة منها فقط. احذفها واكتبها من جديد.",
        "lv": "Platformā tās ir vairākas ziņas, un labojums maina tikai vienu. Izdzēsiet to un uzrakstiet vēlreiz.",
    },
    "edit_too_long": {
        "en": "{channel} takes at most {limit:characters} in one message; this counts {length}.",
        "fa": "{channel} در هر پیام حداکثر {limit:characters} می‌پذیرد؛ این متن {length} است.",
        "ar": "أقصى ما يقبله {channel} في رسالة واحدة هو {limit:characters}؛ وطول هذا النص {length}.",
        "lv": "{channel} vienā ziņā pieņem ne vairāk kā {limit:characters}; šeit ir {length}.",
    },
    "left_behind": {
        "en": "The group has moved since, and the platform has the message under another number that it tells nobody.",
        "fa": "گروه جابه‌جا شده است و پلتفرم این پیام را با شمارهٔ دیگری دارد که به کسی نمی‌گوید.",
        "ar": "انتقلت المجموعة منذ ذلك الحين، والرسالة لدى المنصة برقم آخر لا تخبر به أحدًا.",
        "lv": "Grupa ir pārcelta, un platformā ziņai ir cits numurs, ko tā nevienam neizpauž.",
    },
}
"""About what is done to a message at its platform."""
SENTENCES: Mapping[str, Wording] = {**CONVERSATIONS, **REPLIES, **FILES, **ACTIONS, **work_phrases.SENTENCES}
NOUNS: Mapping[str, Mapping[AgentLanguage, Forms]] = {
    **work_phrases.NOUNS,
    "files": {
        "en": {"one": "{n} file", "other": "{n} files"},
        "fa": {"other": "{n} فایل"},
        "ar": {"one": "ملف واحد", "two": "ملفان", "few": "{n} ملفات", "many": "{n} ملفًا", "other": "{n} ملف"},
        "lv": {"zero": "{n} failu", "one": "{n} failu", "other": "{n} failus"},
    },
    "characters": {
        "en": {"one": "{n} character", "other": "{n} characters"},
        "fa": {"other": "{n} نویسه"},
        "ar": {"one": "حرف واحد", "two": "حرفان", "few": "{n} أحرف", "many": "{n} حرفًا", "other": "{n} حرف"},
        "lv": {"zero": "{n} rakstzīmju", "one": "{n} rakstzīmi", "other": "{n} rakstzīmes"},
    },
    "bytes": {
        "en": {"one": "{n} byte", "other": "{n} bytes"},
        "fa": {"other": "{n} بایت"},
        "ar": {"one": "بايت واحد", "two": "بايتان", "few": "{n} بايتات", "many": "{n} بايتًا", "other": "{n} بايت"},
        "lv": {"zero": "{n} baitu", "one": "{n} baits", "other": "{n} baiti"},
    },
}
BOOK = Phrasebook(SENTENCES, NOUNS)


def refused(status: int, title: str, reason: str, pointer: str | None = None, **params: Value) -> Problem:
    """The problem of a refused command. Its sentence is English until somebody reads it: `in_language`."""
    return BOOK.problem(status, title, reason, pointer, params)


def in_language(problem: Problem, language: AgentLanguage) -> Problem:
    """The problem with its sentence in this language. One that is no sentence of ours, or is in words already, stays."""
    return BOOK.translated(problem, language)
