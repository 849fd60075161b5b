"""Phrases for the sentences of decisions, per language, with the plural forms that numbers require."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schemas.decision import Advantage
from schemas.values import AgentLanguage, Priority
from services.text.numerals import DIGITS

Language = AgentLanguage


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. `is_one`: whether a number takes the first of two forms. `digits`: how 0 to 9 are written."""

    assigned: str
    offered: str
    forced: str
    claimed: str
    accepted: str
    waits_for: str
    operator: str
    no_agent: str
    waiting: tuple[str, str]
    comma: str
    speaks: str
    knows: str
    units: str
    above_capacity: str
    only: str
    best_of: tuple[str, str]
    advantages: Mapping[Advantage, str]
    in_line: str
    reserved: str
    priorities: Mapping[Priority, str]
    lacking: Mapping[str, tuple[str, str]]
    wanted: str
    languages: Mapping[str, str]
    is_singular: Callable[[int], bool] = lambda number: number == 1
    digits: str = DIGITS["en"]
    is_right_to_left: bool = False


ENGLISH = Phrases(
    assigned="Assigned to {who}: {why}.",
    offered="Offered to {who}: {why}.",
    forced="Given to {who} by {by}, whatever the rules say: {units}.",
    claimed="Taken by {who}: {units}.",
    accepted="Accepted by {who}: {units}.",
    waits_for="Waiting for {who}, who had this conversation last, is online and has no free unit.",
    operator="an operator",
    no_agent="Waiting: the workspace has no agents yet.",
    waiting=(
        "Waiting: none of {agents} agent can take it now: {counts}.",
        "Waiting: none of {agents} agents can take it now: {counts}.",
    ),
    comma=", ",
    speaks="speaks {language} ({level} of at least {least})",
    knows="knows {skill} ({level} of at least {least})",
    units="{load} of {capacity} units in use",
    above_capacity="and this one above capacity",
    only="the only eligible agent in team {team}",
    best_of=(
        "{advantage} of {count} eligible agent in team {team}",
        "{advantage} of {count} eligible agents in team {team}",
    ),
    advantages={
        "preferred": "the one who had this conversation last,",
        "fit": "the closest fit",
        "rare": "the fewest rare skills to spare",
        "load": "the lowest load",
        "idle": "idle the longest",
        "rested": "the longest without a new task",
        "id": "the first by id",
    },
    in_line="first in line at {priority} priority",
    reserved="the longest waiting (reserved share)",
    priorities={"urgent": "urgent", "high": "high", "normal": "normal", "low": "low"},
    lacking={
        "team": ("{n} not in team {team}", "{n} not in team {team}"),
        "skills": ("{n} without the skills ({wanted})", "{n} without the skills ({wanted})"),
        "presence": ("{n} not online", "{n} not online"),
        "capacity": ("{n} with no free unit", "{n} with no free unit"),
        "offer": ("{n} who just passed it on", "{n} who just passed it on"),
    },
    wanted="{skill} at least {least}",
    languages={},
)

PERSIAN = Phrases(
    assigned="به {who} سپرده شد: {why}.",
    offered="به {who} پیشنهاد شد: {why}.",
    forced="{by} آن را، بدون توجه به قواعد، به {who} سپرد: {units}.",
    claimed="{who} آن را برداشت: {units}.",
    accepted="{who} آن را پذیرفت: {units}.",
    waits_for="در انتظار {who} که آخرین بار این گفتگو را بر عهده داشت؛ آنلاین است و ظرفیتش پر است.",
    operator="یک مسئول",
    no_agent="در انتظار: این فضای کاری هنوز هیچ کارشناسی ندارد.",
    waiting=(
        "در انتظار: تنها کارشناس ({agents} نفر) اکنون نمی‌تواند آن را بردارد: {counts}.",
        "در انتظار: هیچ‌یک از {agents} کارشناس اکنون نمی‌تواند آن را بردارد: {counts}.",
    ),
    comma="، ",
    speaks="زبان {language} می‌داند (سطح {level}، دست‌کم {least} لازم است)",
    knows="مهارت {skill} دارد (سطح {level}، دست‌کم {least} لازم است)",
    units="{load} از {capacity} واحد ظرفیتش پر است",
    above_capacity="و با این یکی بیش از ظرفیت دارد",
    only="تنها کارشناس واجد شرایط در تیم {team}",
    best_of=(
        "{advantage} از میان {count} کارشناس واجد شرایط در تیم {team}",
        "{advantage} از میان {count} کارشناس واجد شرایط در تیم {team}",
    ),
    advantages={
        "preferred": "کسی که آخرین بار این گفتگو را بر عهده داشت،",
        "fit": "مناسب‌ترین فرد",
        "rare": "کسی که کمترین مهارت کمیابش بی‌استفاده می‌ماند،",
        "load": "کم‌مشغله‌ترین فرد",
        "idle": "کسی که بیش از همه بیکار مانده است،",
        "rested": "کسی که از همه دیرتر کار تازه گرفته است،",
        "id": "نخستین فرد به ترتیب شناسه",
    },
    in_line="این گفتگو با اولویت {priority} سر صف بود",
    reserved="این گفتگو بیش از همه منتظر مانده بود (سهم ذخیره)",
    priorities={"urgent": "فوری", "high": "بالا", "normal": "عادی", "low": "پایین"},
    lacking={
        "team": ("{n} نفر در تیم {team} نیست", "{n} نفر در تیم {team} نیستند"),
        "skills": ("{n} نفر مهارت لازم را ندارد ({wanted})", "{n} نفر مهارت لازم را ندارند ({wanted})"),
        "presence": ("{n} نفر آنلاین نیست", "{n} نفر آنلاین نیستند"),
        "capacity": ("{n} نفر ظرفیت خالی ندارد", "{n} نفر ظرفیت خالی ندارند"),
        "offer": ("{n} نفر به‌تازگی آن را نپذیرفت", "{n} نفر به‌تازگی آن را نپذیرفتند"),
    },
    wanted="{skill} دست‌کم {least}",
    languages={"fa": "فارسی", "ar": "عربی", "lv": "لتونیایی", "en": "انگلیسی"},
    digits=DIGITS["fa"],
    is_right_to_left=True,
)

ARABIC = Phrases(
    assigned="أُسندت إلى {who}: {why}.",
    offered="عُرضت على {who}: {why}.",
    forced="أسندها {by} إلى {who} بصرف النظر عن القواعد: {units}.",
    claimed="تولاها {who}: {units}.",
    accepted="قبلها {who}: {units}.",
    waits_for="قيد الانتظار لأجل {who}، آخر من تولى هذه المحادثة، وهو متصل ولا وحدة شاغرة لديه.",
    operator="أحد المشرفين",
    no_agent="قيد الانتظار: لا يوجد في مساحة العمل أي موظف بعد.",
    waiting=(
        "قيد الانتظار: الموظف الوحيد (العدد: {agents}) لا يستطيع توليها الآن: {counts}.",
        "قيد الانتظار: لا أحد من الموظفين (العدد: {agents}) يستطيع توليها الآن: {counts}.",
    ),
    comma="، ",
    speaks="مستوى اللغة {language}: {level} (المطلوب {least} على الأقل)",
    knows="مستوى المهارة {skill}: {level} (المطلوب {least} على الأقل)",
    units="الوحدات المشغولة: {load} من {capacity}",
    above_capacity="وبهذا يتجاوز طاقته",
    only="الموظف المؤهل الوحيد في الفريق {team}",
    best_of=(
        "{advantage} من بين المؤهلين في الفريق {team} (العدد: {count})",
        "{advantage} من بين المؤهلين في الفريق {team} (العدد: {count})",
    ),
    advantages={
        "preferred": "آخر من تولى هذه المحادثة،",
        "fit": "الأنسب",
        "rare": "الأقل امتلاكًا لمهارات نادرة لا تلزم هنا",
        "load": "الأقل انشغالًا",
        "idle": "الأطول تفرغًا",
        "rested": "الأطول مدة دون محادثة جديدة",
        "id": "الأول بحسب المعرّف",
    },
    in_line="كانت المحادثة أول الصف بأولوية {priority}",
    reserved="كانت المحادثة الأطول انتظارًا (الحصة المحجوزة)",
    priorities={"urgent": "عاجلة", "high": "عالية", "normal": "عادية", "low": "منخفضة"},
    lacking={
        "team": ("خارج الفريق {team}: {n}", "خارج الفريق {team}: {n}"),
        "skills": ("دون المهارات المطلوبة ({wanted}): {n}", "دون المهارات المطلوبة ({wanted}): {n}"),
        "presence": ("غير متصلين: {n}", "غير متصلين: {n}"),
        "capacity": ("دون وحدة شاغرة: {n}", "دون وحدة شاغرة: {n}"),
        "offer": ("لم يقبلوها قبل قليل: {n}", "لم يقبلوها قبل قليل: {n}"),
    },
    wanted="{skill} بمستوى {least} على الأقل",
    languages={"fa": "الفارسية", "ar": "العربية", "lv": "اللاتفية", "en": "الإنجليزية"},
    digits=DIGITS["ar"],
    is_right_to_left=True,
)

LATVIAN = Phrases(
    assigned="Piešķirta aģentam {who}: {why}.",
    offered="Piedāvāta aģentam {who}: {why}.",
    forced="{by} to piešķīra aģentam {who} neatkarīgi no noteikumiem: {units}.",
    claimed="To pārņēma aģents {who}: {units}.",
    accepted="To pieņēma aģents {who}: {units}.",
    waits_for="Gaida aģentu {who}, kuram šī saruna bija pēdējam: ir tiešsaistē, bet bez brīvas vienības.",
    operator="Operators",
    no_agent="Gaida: darbvietā vēl nav neviena aģenta.",
    waiting=(
        "Gaida: no {agents} aģenta neviens to tagad nevar pārņemt: {counts}.",
        "Gaida: no {agents} aģentiem neviens to tagad nevar pārņemt: {counts}.",
    ),
    comma=", ",
    speaks="prot {language} valodu (līmenis {level}, vajadzīgs vismaz {least})",
    knows="ir prasme {skill} (līmenis {level}, vajadzīgs vismaz {least})",
    units="aizņemtas {load} no {capacity} vienībām",
    above_capacity="ar šo virs noslodzes robežas",
    only="vienīgais piemērotais aģents komandā {team}",
    best_of=(
        "{advantage} no {count} piemērotā aģenta komandā {team}",
        "{advantage} no {count} piemērotajiem aģentiem komandā {team}",
    ),
    advantages={
        "preferred": "tas, kuram šī saruna bija pēdējam,",
        "fit": "vispiemērotākais",
        "rare": "tas, kuram neizmantotas paliek vismazāk retu prasmju,",
        "load": "vismazāk noslogotais",
        "idle": "visilgāk brīvais",
        "rested": "tas, kurš visilgāk nav saņēmis jaunu sarunu,",
        "id": "pirmais pēc identifikatora",
    },
    in_line="saruna bija pirmā rindā, prioritāte: {priority}",
    reserved="saruna bija gaidījusi visilgāk (rezervētā daļa)",
    priorities={"urgent": "steidzama", "high": "augsta", "normal": "parasta", "low": "zema"},
    lacking={
        "team": ("{n} nav komandā {team}", "{n} nav komandā {team}"),
        "skills": ("{n} trūkst prasmju ({wanted})", "{n} trūkst prasmju ({wanted})"),
        "presence": ("{n} nav tiešsaistē", "{n} nav tiešsaistē"),
        "capacity": ("{n} nav brīvas vienības", "{n} nav brīvas vienības"),
        "offer": ("{n} to nupat nepieņēma", "{n} to nupat nepieņēma"),
    },
    wanted="{skill} vismaz {least}",
    languages={"fa": "persiešu", "ar": "arābu", "lv": "latviešu", "en": "angļu"},
    is_singular=lambda number: number % 10 == 1 and number % 100 != 11,
)

PHRASES: Mapping[Language, Phrases] = {"en": ENGLISH, "fa": PERSIAN, "ar": ARABIC, "lv": LATVIAN}
