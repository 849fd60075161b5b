// The words of what an agent sets about alerts on a device, in Latvian.

export default {
  alerts: "Brīdinājumi šajā ierīcē",
  set_sound: "Skaņa",
  sound_test: "Pārbaudīt skaņu",
  set_notifications: "Paziņojumi, kad lapa ir fonā",
  set_notifications_why: "Ar klienta vārdu un kanālu, nekad ar uzrakstīto.",
  notifications_denied: "Pārlūks bloķē šīs lapas paziņojumus. Atļaujiet tos tā iestatījumos.",
  notifications_unsupported: "Šis pārlūks paziņojumus nerāda.",
  set_push: "Paziņojumi, kad lapa ir aizvērta",
  set_push_why: "Ar jūsu pārlūka paziņojumu pakalpojumu, kas neredz ne vārdu, ne tekstu. Kur tas nav sasniedzams, nekā cita netrūkst.",
  push_denied: "Pārlūks bloķē šīs lapas paziņojumus. Atļaujiet tos tā iestatījumos.",
  push_failed: "Tas neizdevās. Mēģiniet vēlreiz.",
  push_unreachable: "Šī pārlūka paziņojumu pakalpojums no šejienes nav sasniedzams. Nekas cits no tā nav atkarīgs.",
  push_unsupported: "Šis pārlūks nevar jums paziņot, kad lapa ir aizvērta.",
  push_home_screen: "Lai saņemtu paziņojumus, kad lapa ir aizvērta, vispirms pievienojiet to sākuma ekrānam (iOS 16.4 vai jaunāka).",
  sessions: "Kur esat pierakstījies",
  session_used: "pēdējoreiz lietots {time}",
  session_this: "šī ierīce",
  session_end: "Izrakstīties tur",
};
