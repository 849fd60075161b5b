/* Pasokh web chat: nothing on the page but window.pasokhChat.
 *
 *   <script src="https://support.example/webchat/pasokh-chat.js" async
 *           data-workspace="shop" data-account="main"></script>
 *
 * Further attributes: data-lang (fa, ar, lv, en), data-theme (light, dark), data-title, data-name; for customers that
 * are signed in data-user-id and data-user-hash, which the shop's server makes. Licence: Apache-2.0.
 *
 * This file is read by every browser there is, so it is written in ECMAScript 5. It loads the chat where that can run;
 * elsewhere it puts a link to the plain form there, which needs nothing.
 */
(function () {
  "use strict";

  var WORDS = {
    en: "Chat with us",
    fa: "\u06af\u0641\u062a\u06af\u0648 \u0628\u0627 \u0645\u0627",
    ar: "\u062a\u062d\u062f\u0651\u062b \u0645\u0639\u0646\u0627",
    lv: "T\u0113rz\u0113jiet ar mums",
  };
  var script = document.currentScript || found();
  if (!script) return;
  var here = script.src.replace(/[^\/]*$/, "");
  var given = {};
  var wanted = null;
  for (var i = 0; i < script.attributes.length; i += 1) {
    var name = script.attributes[i].name;
    if (name.indexOf("data-") === 0) given[camel(name.slice(5))] = script.attributes[i].value;
  }

  function found() {
    var all = document.getElementsByTagName("script");
    for (var n = all.length - 1; n >= 0; n -= 1) if (/\/pasokh-chat\.js(\?|$)/.test(all[n].src)) return all[n];
    return null;
  }
  function camel(text) {
    return text.replace(/-([a-z])/g, function (_, letter) { return letter.toUpperCase(); });
  }
  // Everything that the chat cannot do without.
  function able() {
    try {
      return (
        "noModule" in script && !!window.fetch && !!window.ReadableStream && !!window.AbortController && !!window.TextDecoder &&
        !!window.URLSearchParams && !!Element.prototype.attachShadow && !!window.crypto.getRandomValues &&
        !!Intl.DateTimeFormat && !!String.prototype.padStart && !!Object.entries &&
        "getReader" in ReadableStream.prototype
      );
    } catch (error) {
      return false;
    }
  }
  function language() {
    var asked = [given.lang, /[?&]lang=([a-z]{2})/.exec(location.search), document.documentElement.lang, navigator.language];
    for (var n = 0; n < asked.length; n += 1) {
      var one = asked[n] && typeof asked[n] !== "string" ? asked[n][1] : asked[n];
      one = String(one || "").slice(0, 2).toLowerCase();
      if (WORDS[one]) return one;
    }
    return "en";
  }
  function address() {
    return here + encodeURIComponent(given.workspace) + "/" + encodeURIComponent(given.account) + "/plain";
  }
  function plain() {
    if (given.page !== undefined) {
      location.replace(address() + location.search);
      return;
    }
    if (!document.body) {
      setTimeout(plain, 50);
      return;
    }
    if (document.getElementById("pasokh-chat")) return;
    var chosen = language();
    var link = document.createElement("a");
    link.id = "pasokh-chat";
    link.href = address() + "?lang=" + chosen;
    link.target = "_blank";
    link.rel = "noopener";
    link.lang = chosen;
    link.appendChild(document.createTextNode(given.title || WORDS[chosen]));
    var looks = {
      position: "fixed", bottom: "16px", right: "16px", zIndex: "2147483000", padding: "12px 18px", background: "#0b5c6b",
      color: "#fff", borderRadius: "24px", font: "16px/1.4 Tahoma, Arial, sans-serif", textDecoration: "none",
    };
    for (var key in looks) if (Object.prototype.hasOwnProperty.call(looks, key)) link.style[key] = looks[key];
    document.body.appendChild(link);
    if (wanted) window.open(link.href);
  }

  // Until the chat runs it is asked to open later.
  window.pasokhChat = {
    given: given,
    here: here,
    open: function () { wanted = true; },
    close: function () { wanted = null; },
    started: function () { return wanted; },
  };
  if (!able()) {
    plain();
    return;
  }
  var chat = document.createElement("script");
  var waiting = window.pasokhChat;
  chat.type = "module";
  chat.src = here + "pasokh-chat/main.js";
  chat.onerror = plain;
  // What could not be run has not put its own `open` there.
  chat.onload = function () { if (window.pasokhChat === waiting) plain(); };
  document.head.appendChild(chat);
})();
