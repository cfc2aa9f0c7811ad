// Sets the chosen theme before anything is painted. A file of its own because the page's CSP allows no inline script.
(function () {
  try {
    var theme = localStorage.getItem("postroom.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage is blocked: the system's theme it is.
  }
})();
