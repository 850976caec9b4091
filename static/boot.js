// What must happen before the wasm has loaded. It stands in a file of its own because the page's policy
// allows no inline script.
(function () {
  // The theme, so that the page never flashes in the wrong colours: `?theme=light|dark` of the address,
  // else what was chosen last, else the system's.
  var themes = ["light", "dark"];
  var asked = new URLSearchParams(location.search);
  var chosen = asked.get("theme");
  // A page inside another one knows nothing of what its visitor has here.
  if (themes.indexOf(chosen) < 0 && !asked.has("embed")) {
    try {
      chosen = localStorage.getItem("kubarium.theme");
    } catch (blocked) {
      chosen = null; // storage is not for everyone: private windows, sandboxed iframes
    }
  }
  if (themes.indexOf(chosen) >= 0) document.documentElement.dataset.theme = chosen;

  // A second visit needs no network: worker.js keeps a whole version of the page. Not inside another page,
  // whose business that is, and not while `cargo xtask serve` reloads the page at every change.
  var alone = window.parent === window && !asked.has("embed");
  if (alone && "serviceWorker" in navigator) {
    addEventListener("load", function () {
      if (document.querySelector("script[src='__reload.js']")) return;
      try {
        navigator.serviceWorker.register("worker.js").catch(function () {});
        navigator.serviceWorker.ready.then(function (registration) {
          // Browsers look for a new version when they like, and late after one that did not install.
          registration.update().catch(function () {});
          // What did not go through the worker: it was loaded, or on its way, before there was one.
          new PerformanceObserver(function (seen) {
            var used = seen.getEntries().filter(function (entry) {
              return entry.workerStart === 0;
            });
            if (!used.length) return;
            registration.active.postMessage({
              used: used.map(function (entry) {
                return entry.name;
              }),
            });
          }).observe({ type: "resource", buffered: true });
        });
      } catch (refused) {
        // A page that may keep nothing is loaded anew every time, as it was before.
      }
    });
  }

  var started = false;
  var broken = null;

  // The language: `?lang=` of the address, else what was chosen last, else what the browser asks for,
  // else English. Its words are on their way before the wasm is.
  var all = [["en", "English", ""]];
  try {
    all = JSON.parse(document.querySelector('meta[name="kubarium-locales"]').content);
  } catch (unfinished) {
    // not built by Trunk: English alone
  }
  function like(wanted) {
    var tag = String(wanted).toLowerCase();
    var base = tag.split("-")[0];
    var exact = all.filter(function (one) {
      return one[0].toLowerCase() === tag;
    });
    var near = all.filter(function (one) {
      return one[0].toLowerCase().split("-")[0] === base;
    });
    var found = exact[0] || near[0];
    return found && found[0];
  }
  var kept = null;
  try {
    if (!asked.has("embed")) kept = localStorage.getItem("kubarium.lang");
  } catch (blocked) {
    // storage is not for everyone
  }
  var wishes = [asked.get("lang"), kept].concat(navigator.languages || []);
  var tag = wishes.map(like).filter(Boolean)[0] || "en";
  var loading = {};
  function load(tag) {
    var one = all.filter(function (each) {
      return each[0] === tag;
    })[0];
    if (!one || !one[2]) return Promise.resolve("");
    if (!loading[tag]) {
      loading[tag] = fetch(new URL(one[2], document.baseURI)).then(function (response) {
        if (!response.ok) throw new Error("the words of " + tag + ": " + response.status);
        return response.text();
      });
      // What failed is tried again when it is asked for again.
      loading[tag].catch(function () {
        delete loading[tag];
      });
    }
    return loading[tag];
  }
  window.kubariumLanguage = { tag: tag, all: all, load: load };
  document.documentElement.lang = tag;
  var words = {};
  function say(key, english) {
    return words[key] || english;
  }
  if (tag !== "en") {
    load(tag)
      .then(function (text) {
        words = JSON.parse(text);
        document.title = say("page.title", document.title);
        var status = document.querySelector("#kubarium [role=status]");
        if (broken) failed(broken);
        else if (status && !started) status.textContent = say("page.loading", status.textContent);
      })
      .catch(function () {
        document.documentElement.lang = "en";
      });
  }

  // A page that cannot start says so, instead of loading for ever.
  addEventListener("TrunkApplicationStarted", function () {
    started = true;
  });
  function failed(why) {
    broken = why;
    var status = !started && document.querySelector("#kubarium [role=status]");
    if (!status) return;
    var english = "Kubarium could not start: {why}. Reload to try again; it needs a browser with WebAssembly.";
    status.textContent = say("page.failed", english).replace("{why}", typeof why === "function" ? why() : why);
    status.parentElement.removeAttribute("aria-busy");
  }
  addEventListener(
    "error",
    function (event) {
      var file = function () {
        return say("page.failed.file", "a file did not load");
      };
      failed(event.message || file);
    },
    true,
  );
  addEventListener("unhandledrejection", function (event) {
    var unknown = function () {
      return say("page.failed.unknown", "something went wrong");
    };
    failed((event.reason && event.reason.message) || unknown);
  });
})();
