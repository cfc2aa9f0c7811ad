// Before anything is painted: sets the chosen theme, and asks at once for what is going to be asked for. A file of its own because the
// page's CSP allows no inline script.
(function () {
  function preload(rel, href, as) {
    var link = document.createElement("link");
    link.rel = rel;
    if (as) link.as = as;
    link.crossOrigin = "";
    link.href = href;
    document.head.append(link);
    return link;
  }
  function textsOf(language) {
    return language && /^[a-z-]+$/i.test(language) && document.querySelector('meta[name="texts-' + language.slice(0, 2) + '"]');
  }
  try {
    var theme = localStorage.getItem("postroom.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    // As settings/language.ts settles it.
    var kept = [localStorage.getItem("postroom.language"), localStorage.getItem("postroom.workspaceLanguage")];
    var texts = kept.concat(navigator.languages, "en").map(textsOf).find(Boolean);
    if (texts) preload("modulepreload", texts.content);
    // Only signed-in.html has it. The rest is asked for after the session, whose `lastEventId` is older than whatever is shown.
    if (!document.querySelector("meta[name=signed-in]")) return;
    var session = preload("preload", "/api/v1/session", "fetch");
    var inbox = /^\/(?:conversations(?:\/(conv_[0-9a-z]+))?)?$/.exec(location.pathname);
    if (!inbox || location.search) return;
    session.onload = function () {
      preload("preload", "/api/v1/conversations?status=open&take=50", "fetch");
      if (!inbox[1]) return;
      preload("preload", "/api/v1/conversations/" + inbox[1], "fetch");
      preload("preload", "/api/v1/conversations/" + inbox[1] + "/messages?order=desc&take=50", "fetch");
    };
  } catch (error) {
    // Storage is blocked: the system's theme it is, and everything is asked for when its turn comes.
  }
})();
