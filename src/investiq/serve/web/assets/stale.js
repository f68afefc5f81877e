// Says that the page is old when the console's own server no longer answers: old numbers must not look like new ones.
(function () {
  var LIMIT_MS = 12000;
  var seen = null;
  var since = Date.now();

  function check() {
    var mark = document.querySelector("[data-asof]");
    var notice = document.getElementById("stale");
    if (!notice) {
      return;
    }
    var value = mark && mark.getAttribute("data-asof");
    if (value !== seen) {
      seen = value;
      since = Date.now();
    }
    var old = Date.now() - since > LIMIT_MS && document.visibilityState === "visible";
    if (old && notice.hidden) {
      notice.textContent =
        "The console's server does not answer since " +
        new Date(since).toLocaleTimeString() +
        ": everything below is from then. Type `investiq status`.";
    }
    notice.hidden = !old || document.getElementById("logged-out") !== null; // that one says why
    document.body.classList.toggle("is-stale", old);
  }

  // A hidden page is polled rarely: what it missed meanwhile is no outage.
  document.addEventListener("visibilitychange", function () {
    since = Date.now();
  });
  window.setInterval(check, 1000);
})();
