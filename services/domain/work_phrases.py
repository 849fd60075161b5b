"""The sentences by which agents learn what is not there, not theirs, or not possible now: agents, offers, claims, snoozes. Pure."""

from collections.abc import Mapping

from schemas.values import AgentLanguage
from services.text.sentences import Forms, Phrasebook, Wording

RESOURCES: Mapping[str, Wording] = {
    "unknown_conversation": {
        "en": "There is no conversation {conversation} in this workspace.",
        "fa": "در این فضای کاری گفتگوی {conversation} نیست.",
        "ar": "لا توجد محادثة {conversation} في مساحة العمل هذه.",
        "lv": "Šajā darbvietā nav sarunas {conversation}.",
    },
    "unknown_message": {
        "en": "There is no message {message} here.",
        "fa": "پیام {message} اینجا نیست.",
        "ar": "لا توجد رسالة {message} هنا.",
        "lv": "Šeit nav ziņas {message}.",
    },
    "unknown_customer": {
        "en": "There is no customer {person} in this workspace.",
        "fa": "در این فضای کاری مشتری {person} نیست.",
        "ar": "لا يوجد عميل {person} في مساحة العمل هذه.",
        "lv": "Šajā darbvietā nav klienta {person}.",
    },
    "no_customer": {
        "en": "There is no customer {customer} of several persons in this workspace.",
        "fa": "در این فضای کاری مشتری {customer} با چند حساب نیست.",
        "ar": "لا يوجد في مساحة العمل هذه عميل {customer} له عدة حسابات.",
        "lv": "Šajā darbvietā nav klienta {customer} ar vairākām personām.",
    },
    "not_of_customer": {
        "en": "{person} is no person of this customer.",
        "fa": "{person} از حساب‌های این مشتری نیست.",
        "ar": "{person} ليس من حسابات هذا العميل.",
        "lv": "{person} nav šī klienta persona.",
    },
    "parts_everybody": {
        "en": "Leave at least one person with the customer.",
        "fa": "دست‌کم یک حساب باید با مشتری بماند.",
        "ar": "اترك حسابًا واحدًا على الأقل مع العميل.",
        "lv": "Atstājiet klientam vismaz vienu personu.",
    },
    "too_many_persons": {
        "en": "A customer has at most {count} persons.",
        "fa": "هر مشتری حداکثر {count} حساب دارد.",
        "ar": "للعميل {count} حسابًا على الأكثر.",
        "lv": "Klientam ir ne vairāk kā {count} personas.",
    },
    "only_lead_joins": {
        "en": "Only a lead says who is the same customer.",
        "fa": "فقط سرپرست می‌گوید چه کسی همان مشتری است.",
        "ar": "لا يقرر من هو العميل نفسه إلا القائد.",
        "lv": "To, kas ir viens un tas pats klients, nosaka tikai vadītājs.",
    },
    "unknown_agent": {
        "en": "There is no agent {agent} in this workspace.",
        "fa": "در این فضای کاری کارشناس {agent} نیست.",
        "ar": "لا يوجد موظف {agent} في مساحة العمل هذه.",
        "lv": "Šajā darbvietā nav aģenta {agent}.",
    },
    "unknown_team": {
        "en": "There is no team {team} in this workspace. Make it first, or name another.",
        "fa": "در این فضای کاری تیم {team} نیست. اول آن را بسازید یا تیم دیگری را نام ببرید.",
        "ar": "لا يوجد فريق {team} في مساحة العمل هذه. أنشئه أولًا أو سمِّ فريقًا آخر.",
        "lv": "Šajā darbvietā nav komandas {team}. Vispirms izveidojiet to vai norādiet citu.",
    },
    "unknown_offer": {
        "en": "There is no offer {offer} to {agent} in this workspace.",
        "fa": "در این فضای کاری پیشنهاد {offer} برای {agent} نیست.",
        "ar": "لا يوجد عرض {offer} على {agent} في مساحة العمل هذه.",
        "lv": "Šajā darbvietā nav piedāvājuma {offer} aģentam {agent}.",
    },
    "unknown_command": {
        "en": "There is no command {command} in this workspace.",
        "fa": "در این فضای کاری فرمان {command} نیست.",
        "ar": "لا يوجد أمر {command} في مساحة العمل هذه.",
        "lv": "Šajā darbvietā nav komandas {command}.",
    },
    "unknown_device": {
        "en": "You have no notifications on the device {device}.",
        "fa": "روی دستگاه {device} اعلانی ندارید.",
        "ar": "لا إشعارات لك على الجهاز {device}.",
        "lv": "Ierīcē {device} jums nav paziņojumu.",
    },
    "too_many_devices": {
        "en": "Notifications can be on at most {limit} devices at a time. End one first.",
        "fa": "اعلان‌ها هم‌زمان روی حداکثر {limit} دستگاه روشن می‌ماند. اول یکی را خاموش کنید.",
        "ar": "تعمل الإشعارات على {limit} أجهزة على الأكثر معًا. أوقف أحدها أولًا.",
        "lv": "Paziņojumi vienlaikus darbojas ne vairāk kā {limit} ierīcēs. Vispirms izslēdziet vienu.",
    },
    "no_such_attachment": {
        "en": "The message has no attachment of this number; they are counted from 0.",
        "fa": "این پیام پیوستی با این شماره ندارد؛ شماره‌ها از ۰ آغاز می‌شوند.",
        "ar": "ليس للرسالة مرفق بهذا الرقم؛ يبدأ العد من ٠.",
        "lv": "Ziņai nav pielikuma ar šo numuru; tos skaita no 0.",
    },
    "attachment_without_file": {
        "en": "This attachment has no file.",
        "fa": "این پیوست فایلی ندارد.",
        "ar": "لا ملف لهذا المرفق.",
        "lv": "Šim pielikumam nav faila.",
    },
    "message_elsewhere": {
        "en": "This conversation has no such message.",
        "fa": "این گفتگو چنین پیامی ندارد.",
        "ar": "لا توجد رسالة كهذه في هذه المحادثة.",
        "lv": "Šajā sarunā nav tādas ziņas.",
    },
    "no_word_in_search": {
        "en": "There is no word in it. Search for a name, a number or an id.",
        "fa": "کلمه‌ای در آن نیست. نام، شماره یا شناسه‌ای را جست‌وجو کنید.",
        "ar": "لا كلمة فيه. ابحث عن اسم أو رقم أو معرّف.",
        "lv": "Tajā nav neviena vārda. Meklējiet vārdu, numuru vai identifikatoru.",
    },
}
"""About what a path or a body names."""
AGENTS: Mapping[str, Wording] = {
    "key_of_no_agent": {
        "en": "`me` is the agent that a key is bound to, and this key is bound to none. Name the agent, or create a key with `agent`.",
        "fa": "`me` کارشناسی است که کلید به او بسته است و این کلید به کسی بسته نیست. کارشناس را نام ببرید یا کلیدی با `agent` بسازید.",
        "ar": "`me` هو الموظف الذي يرتبط به المفتاح، وهذا المفتاح غير مرتبط بأحد. سمِّ الموظف أو أنشئ مفتاحًا مع `agent`.",
        "lv": "`me` ir aģents, ar kuru saistīta atslēga, bet šī nav saistīta ne ar vienu. Norādiet aģentu vai izveidojiet atslēgu ar `agent`.",
    },
    "me_is_reserved": {
        "en": "`me` stands for the agent that a key is bound to. Choose another id.",
        "fa": "`me` یعنی کارشناسی که کلید به او بسته است. شناسهٔ دیگری برگزینید.",
        "ar": "`me` يعني الموظف الذي يرتبط به المفتاح. اختر معرّفًا آخر.",
        "lv": "`me` apzīmē aģentu, ar kuru saistīta atslēga. Izvēlieties citu identifikatoru.",
    },
    "presence_of_other": {
        "en": "You are {agent}. Only a lead of their team sets the presence of somebody else.",
        "fa": "شما {agent} هستید. حضور دیگری را فقط سرپرست تیم او تعیین می‌کند.",
        "ar": "أنت {agent}. لا يغيّر حضور غيرك إلا قائد فريقه.",
        "lv": "Jūs esat {agent}. Cita aģenta klātbūtni maina tikai viņa komandas vadītājs.",
    },
    "page_of_other": {
        "en": "This key speaks as {agent}. Only the page of another agent says that it is there.",
        "fa": "این کلید به نام {agent} سخن می‌گوید. حضور کارشناسی دیگر را تنها صفحهٔ خود او خبر می‌دهد.",
        "ar": "هذا المفتاح يتكلم باسم {agent}. صفحة الموظف الآخر وحدها تخبر بأنها حاضرة.",
        "lv": "Šī atslēga runā {agent} vārdā. Par cita aģenta klātbūtni ziņo tikai viņa paša lapa.",
    },
    "inbox_of_other": {
        "en": "You are {agent}, and this is the inbox of somebody else. Leave `agent` out.",
        "fa": "شما {agent} هستید و این صندوق از آنِ دیگری است. `agent` را ننویسید.",
        "ar": "أنت {agent}، وهذا صندوق وارد شخص آخر. احذف `agent`.",
        "lv": "Jūs esat {agent}, bet šī ir cita aģenta iesūtne. Izlaidiet `agent`.",
    },
    "inbox_of_nobody": {
        "en": "Name the agent whose inbox it is: this key is bound to none.",
        "fa": "بگویید صندوق کدام کارشناس: این کلید به کسی بسته نیست.",
        "ar": "سمِّ الموظف صاحب الصندوق: هذا المفتاح غير مرتبط بأحد.",
        "lv": "Norādiet, kura aģenta iesūtne tā ir: šī atslēga nav saistīta ne ar vienu.",
    },
    "agent_changed": {
        "en": '{agent} has changed, and the ETag is "{version}" now. Read it again before writing.',
        "fa": '{agent} تغییر کرده و ETag اکنون "{version}" است. پیش از نوشتن دوباره بخوانید.',
        "ar": 'تغيّر {agent}، وقيمة ETag الآن "{version}". اقرأه من جديد قبل الكتابة.',
        "lv": '{agent} ir mainīts, un ETag tagad ir "{version}". Pirms rakstīšanas izlasiet to vēlreiz.',
    },
    "agent_is_new": {
        "en": "{agent} does not exist yet, so `If-Match` cannot hold. Write without it.",
        "fa": "{agent} هنوز نیست، پس `If-Match` نمی‌تواند درست باشد. بدون آن بنویسید.",
        "ar": "{agent} غير موجود بعد، فلا يمكن أن يتحقق `If-Match`. اكتب دونه.",
        "lv": "{agent} vēl nav, tāpēc `If-Match` nevar būt spēkā. Rakstiet bez tā.",
    },
}
"""About agents and their presence."""
CLAIMS: Mapping[str, Wording] = {
    "held_by": {
        "en": "{assignee} has this conversation, or is offered it.",
        "fa": "این گفتگو با {assignee} است یا به او پیشنهاد شده است.",
        "ar": "هذه المحادثة لدى {assignee} أو معروضة عليه.",
        "lv": "Šī saruna ir aģentam {assignee} vai tiek viņam piedāvāta.",
    },
    "held_by_nobody": {
        "en": "Nobody has this conversation any more. Claim it without `from`.",
        "fa": "این گفتگو دیگر با کسی نیست. آن را بدون `from` بردارید.",
        "ar": "لم تعد هذه المحادثة لدى أحد. تولَّها دون `from`.",
        "lv": "Šī saruna vairs nav nevienam. Pārņemiet to bez `from`.",
    },
    "nobody_can_take": {
        "en": "The conversation is resolved, and nobody can take it. Reopen it first.",
        "fa": "این گفتگو حل شده است و کسی نمی‌تواند آن را بردارد. اول دوباره بازش کنید.",
        "ar": "حُلّت هذه المحادثة ولا يستطيع أحد توليها. أعد فتحها أولًا.",
        "lv": "Saruna ir atrisināta, un neviens to nevar pārņemt. Vispirms atveriet to vēlreiz.",
    },
    "no_free_unit": {
        "en": "{agent} uses {load} of {capacity:units}. Resolve or hand over something first.",
        "fa": "{agent} {load} از {capacity:units} را به کار گرفته است. اول گفتگویی را حل یا واگذار کنید.",
        "ar": "يشغل {agent} {load} من {capacity:units}. حُلّ محادثة أو سلّمها أولًا.",
        "lv": "Aģents {agent} izmanto {load} no {capacity:units}. Vispirms atrisiniet vai nododiet kādu sarunu.",
    },
    "only_lead_takes_over": {
        "en": "Only a lead of their team takes over what a colleague has.",
        "fa": "آنچه با همکار است را فقط سرپرست تیم او می‌گیرد.",
        "ar": "ما لدى زميل لا يتولاه إلا قائد فريقه.",
        "lv": "To, kas ir kolēģim, pārņem tikai viņa komandas vadītājs.",
    },
    "only_lead_claims_over_capacity": {
        "en": "Only a lead takes more than there are free units for. Leave `over_capacity` out.",
        "fa": "بیش از ظرفیت خالی را فقط سرپرست برمی‌دارد. `over_capacity` را ننویسید.",
        "ar": "لا يأخذ فوق الوحدات الشاغرة إلا قائد. احذف `over_capacity`.",
        "lv": "Vairāk nekā brīvo vienību ņem tikai vadītājs. Izlaidiet `over_capacity`.",
    },
    "may_not_transfer": {
        "en": "{agent} is not the assignee. It is with {assignee}; only the assignee or a lead can transfer it.",
        "fa": "این گفتگو با {agent} نیست، با {assignee} است و فقط خود او یا سرپرست می‌تواند آن را منتقل کند.",
        "ar": "هذه المحادثة ليست لدى {agent} بل لدى {assignee}، ولا يحوّلها إلا هو أو قائد.",
        "lv": "Saruna nav piešķirta aģentam {agent}, bet gan aģentam {assignee}; nodot to var tikai viņš vai vadītājs.",
    },
    "may_not_snooze": {
        "en": "{agent} is not the assignee. It is with {assignee}; only the assignee or a lead can snooze or wake it.",
        "fa": "این گفتگو با {agent} نیست، با {assignee} است و فقط خود او یا سرپرست می‌تواند آن را به تعویق بیندازد یا بیدار کند.",
        "ar": "هذه المحادثة ليست لدى {agent} بل لدى {assignee}، ولا يؤجلها أو يوقظها إلا هو أو قائد.",
        "lv": "Saruna nav piešķirta aģentam {agent}, bet gan aģentam {assignee}; atlikt vai pamodināt to var tikai viņš vai vadītājs.",
    },
    "customer_is_with_colleagues": {
        "en": "The customer's conversation is with colleagues. Leave the message to them.",
        "fa": "گفتگوی این مشتری با همکاران است. پیام را به آن‌ها بسپارید.",
        "ar": "محادثة هذا العميل لدى زملاء. اترك الرسالة لهم.",
        "lv": "Klienta saruna ir kolēģiem. Atstājiet ziņu viņiem.",
    },
}
"""About who takes what."""
OFFERS: Mapping[str, Wording] = {
    "offer_was_accepted": {
        "en": "The offer was accepted. The conversation is with the agent.",
        "fa": "این پیشنهاد پذیرفته شد. گفتگو با همان کارشناس است.",
        "ar": "قُبل هذا العرض. المحادثة لدى الموظف.",
        "lv": "Piedāvājums ir pieņemts. Saruna ir aģentam.",
    },
    "offer_was_declined": {
        "en": "The offer was declined, and the conversation went back to the queue.",
        "fa": "این پیشنهاد رد شد و گفتگو به صف برگشت.",
        "ar": "رُفض هذا العرض وعادت المحادثة إلى الصف.",
        "lv": "Piedāvājums tika noraidīts, un saruna atgriezās rindā.",
    },
    "offer_has_expired": {
        "en": "The offer has expired, and the conversation went back to the queue.",
        "fa": "مهلت این پیشنهاد گذشت و گفتگو به صف برگشت.",
        "ar": "انتهت مهلة هذا العرض وعادت المحادثة إلى الصف.",
        "lv": "Piedāvājuma laiks ir beidzies, un saruna atgriezās rindā.",
    },
    "offer_was_withdrawn": {
        "en": "The offer was withdrawn: the conversation was resolved, moved, or taken by somebody else.",
        "fa": "این پیشنهاد پس گرفته شد: گفتگو حل شد، جابه‌جا شد یا دیگری آن را برداشت.",
        "ar": "سُحب هذا العرض: حُلّت المحادثة أو نُقلت أو تولاها غيرك.",
        "lv": "Piedāvājums atsaukts: saruna ir atrisināta, pārvietota, vai to paņēma kāds cits.",
    },
    "offer_went_to": {
        "en": "The offer has ended. The conversation is with {assignee} now, or is offered to them.",
        "fa": "این پیشنهاد تمام شد. گفتگو اکنون با {assignee} است یا به او پیشنهاد شده است.",
        "ar": "انتهى هذا العرض. المحادثة الآن لدى {assignee} أو معروضة عليه.",
        "lv": "Piedāvājums ir beidzies. Saruna tagad ir aģentam {assignee} vai tiek viņam piedāvāta.",
    },
}
"""About offers that ended."""
SNOOZES: Mapping[str, Wording] = {
    "not_snoozed": {
        "en": "The conversation is not snoozed.",
        "fa": "این گفتگو به بعد موکول نشده است.",
        "ar": "هذه المحادثة غير مؤجلة.",
        "lv": "Saruna nav atlikta.",
    },
    "time_is_over": {
        "en": "This time is over. Give one to come.",
        "fa": "این زمان گذشته است. زمانی در آینده بدهید.",
        "ar": "مضى هذا الوقت. اختر وقتًا لاحقًا.",
        "lv": "Šis laiks ir pagājis. Norādiet nākamu.",
    },
}
"""About conversations that rest."""
SENTENCES: Mapping[str, Wording] = {**RESOURCES, **AGENTS, **CLAIMS, **OFFERS, **SNOOZES}
NOUNS: Mapping[str, Mapping[AgentLanguage, Forms]] = {
    "units": {
        "en": {"one": "{n} unit", "other": "{n} units"},
        "fa": {"other": "{n} واحد"},
        "ar": {"one": "وحدة واحدة", "two": "وحدتين", "few": "{n} وحدات", "many": "{n} وحدة", "other": "{n} وحدة"},
        "lv": {"zero": "{n} vienībām", "one": "{n} vienības", "other": "{n} vienībām"},
    },
}
BOOK = Phrasebook(SENTENCES, NOUNS)
