// Sets `data-theme` on the document before anything is drawn, so that the page never flashes in the
// wrong colours: `?theme=light|dark` of the address, else what was chosen last, else the system's.
(function () {
  var themes = ["light", "dark"];
  var chosen = new URLSearchParams(location.search).get("theme");
  if (themes.indexOf(chosen) < 0) {
    try {
      chosen = localStorage.getItem("kubarium.theme");
    } catch (blocked) {
      chosen = null; // storage is not for everyone: private windows, sandboxed iframes
    }
  }
  if (themes.indexOf(chosen) >= 0) document.documentElement.dataset.theme = chosen;
})();
