"""What customers read when a conversation moves to a private place, in four languages. A workspace may replace it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

from schemas.configuration import WorkspaceConfiguration

TextName = Literal["link", "invitation", "private_reply", "replied_privately", "notice", "verification"]
"""The texts of `schemas.configuration.HandoffTexts`."""

_LINK: Mapping[str, str] = {
    "en": "To protect your personal information, we continue this conversation in a private message. "
    "Please do not write personal or bank details here.\nContinue in private: {link}",
    "fa": "برای حفظ اطلاعات شخصی شما، این گفتگو را در پیام خصوصی ادامه می‌دهیم. "
    "لطفاً اینجا اطلاعات شخصی یا بانکی ننویسید.\nادامه در گفتگوی خصوصی: {link}",
    "ar": "حفاظًا على معلوماتك الشخصية نتابع هذه المحادثة في رسالة خاصة. "
    "يُرجى عدم كتابة معلومات شخصية أو مصرفية هنا.\nللمتابعة في محادثة خاصة: {link}",
    "lv": "Lai pasargātu jūsu personas datus, šo sarunu turpināsim privātā ziņā. "
    "Lūdzu, nerakstiet šeit personas vai bankas datus.\nTurpināt privāti: {link}",
}
_INVITATION: Mapping[str, str] = {
    "en": "To protect your personal information, please send us a private message: we go on there. "
    "Please do not write personal or bank details here.",
    "fa": "برای حفظ اطلاعات شخصی شما، لطفاً به ما پیام خصوصی بدهید تا همان‌جا ادامه دهیم. "
    "لطفاً اینجا اطلاعات شخصی یا بانکی ننویسید.",
    "ar": "حفاظًا على معلوماتك الشخصية، يُرجى أن ترسل إلينا رسالة خاصة لنتابع هناك. "
    "يُرجى عدم كتابة معلومات شخصية أو مصرفية هنا.",
    "lv": "Lai pasargātu jūsu personas datus, lūdzu, atsūtiet mums privātu ziņu: turpināsim tur. "
    "Lūdzu, nerakstiet šeit personas vai bankas datus.",
}
_PRIVATE_REPLY: Mapping[str, str] = {
    "en": "You wrote to us in public. To protect your personal information, we continue here, where nobody else reads. "
    "Please answer this message.",
    "fa": "شما در یک جای عمومی برای ما نوشتید. برای حفظ اطلاعات شخصی شما اینجا ادامه می‌دهیم که کسی جز ما نمی‌خواند. "
    "لطفاً به همین پیام پاسخ دهید.",
    "ar": "لقد كتبت إلينا في مكان عام. حفاظًا على معلوماتك الشخصية نتابع هنا حيث لا يقرأ أحد غيرنا. "
    "يُرجى الرد على هذه الرسالة.",
    "lv": "Jūs mums rakstījāt publiski. Lai pasargātu jūsu personas datus, turpināsim šeit, kur neviens cits nelasa. "
    "Lūdzu, atbildiet uz šo ziņu.",
}
_REPLIED_PRIVATELY: Mapping[str, str] = {
    "en": "We have sent you a private message. Please do not write personal or bank details here.",
    "fa": "برای شما پیام خصوصی فرستادیم. لطفاً اینجا اطلاعات شخصی یا بانکی ننویسید.",
    "ar": "لقد أرسلنا إليك رسالة خاصة. يُرجى عدم كتابة معلومات شخصية أو مصرفية هنا.",
    "lv": "Mēs jums nosūtījām privātu ziņu. Lūdzu, nerakstiet šeit personas vai bankas datus.",
}
_NOTICE: Mapping[str, str] = {
    "en": "To protect your personal information, please do not write personal or bank details here, where others read.",
    "fa": "برای حفظ اطلاعات شخصی شما، لطفاً اینجا که دیگران هم می‌خوانند اطلاعات شخصی یا بانکی ننویسید.",
    "ar": "حفاظًا على معلوماتك الشخصية، يُرجى عدم كتابة معلومات شخصية أو مصرفية هنا حيث يقرأ الآخرون.",
    "lv": "Lai pasargātu jūsu personas datus, lūdzu, nerakstiet personas vai bankas datus šeit, kur lasa arī citi.",
}
_VERIFICATION: Mapping[str, str] = {
    "en": "To show that it is you, write these two words where you wrote to us before: {words}\n"
    "Then we go on here. Write them only if you opened this chat yourself.",
    "fa": "برای اینکه بدانیم خود شما هستید، این دو کلمه را همان‌جا که پیش‌تر برای ما نوشته بودید بنویسید: {words}\n"
    "سپس همین‌جا ادامه می‌دهیم. تنها اگر خودتان این گفتگو را باز کرده‌اید آن‌ها را بنویسید.",
    "ar": "لنتأكد من أنك أنت، اكتب هاتين الكلمتين حيث كتبت لنا من قبل: {words}\n"
    "ثم نتابع هنا. لا تكتبهما إلا إذا فتحت هذه المحادثة بنفسك.",
    "lv": "Lai mēs zinātu, ka tas esat jūs, uzrakstiet šos divus vārdus tur, kur mums rakstījāt iepriekš: {words}\n"
    "Tad turpināsim šeit. Rakstiet tos tikai tad, ja šo tērzēšanu atvērāt paši.",
}
TEXTS: Mapping[TextName, Mapping[str, str]] = {
    "link": _LINK,
    "invitation": _INVITATION,
    "private_reply": _PRIVATE_REPLY,
    "replied_privately": _REPLIED_PRIVATELY,
    "notice": _NOTICE,
    "verification": _VERIFICATION,
}


def text_for(name: TextName, languages: Sequence[str | None], configuration: WorkspaceConfiguration | None) -> str:
    """The text in the first of these languages that has one: of the workspace before ours. English without any."""
    settings = configuration.profile.body.settings if configuration else None
    written: str | dict[str, str] | None = (
        getattr(settings.handoff_texts, name) if settings and settings.handoff_texts else None
    )
    if isinstance(written, str):
        return written
    texts = {**TEXTS[name], **(written or {})}
    return next((texts[language] for language in languages if language in texts), texts["en"])
