// What must happen before the wasm has loaded. It stands in a file of its own because the page's policy
// allows no inline script.
(function () {
  // The theme, so that the page never flashes in the wrong colours: `?theme=light|dark` of the address,
  // else what was chosen last, else the system's.
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

  // A page that cannot start says so, instead of loading for ever.
  var started = false;
  addEventListener("TrunkApplicationStarted", function () {
    started = true;
  });
  function failed(why) {
    var status = !started && document.querySelector("#kubarium [role=status]");
    if (!status) return;
    status.textContent =
      "Kubarium could not start: " + why + ". Reload to try again; it needs a browser with WebAssembly.";
    status.parentElement.removeAttribute("aria-busy");
  }
  addEventListener(
    "error",
    function (event) {
      failed(event.message || "a file did not load");
    },
    true,
  );
  addEventListener("unhandledrejection", function (event) {
    failed((event.reason && event.reason.message) || "something went wrong");
  });
})();
