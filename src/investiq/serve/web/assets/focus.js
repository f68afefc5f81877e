// A poll draws its region anew, and the browser forgets what had the focus in it: the ring is gone, and Enter does nothing.
// Whatever takes its place gets the focus back.
(function () {
  var FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";
  var kept = null;

  function within(region) {
    return Array.prototype.slice.call(region.querySelectorAll(FOCUSABLE));
  }

  function alike(one, other) {
    return (
      one.tagName === other.tagName &&
      one.getAttribute("href") === other.getAttribute("href") &&
      one.textContent === other.textContent
    );
  }

  document.addEventListener("focusin", function (event) {
    var element = event.target;
    var region = element.parentElement && element.parentElement.closest("[id]");
    kept = region && { element: element, region: region.id, place: within(region).indexOf(element) };
  });

  document.addEventListener("focusout", function (event) {
    window.queueMicrotask(function () {
      if (kept && kept.element === event.target && event.target.isConnected) {
        kept = null; // left by its user
      }
    });
  });

  new MutationObserver(function () {
    if (!kept || kept.element.isConnected || document.activeElement !== document.body) {
      return;
    }
    var region = document.getElementById(kept.region);
    var candidates = region ? within(region) : [];
    var there = candidates[kept.place];
    var replacement =
      there && alike(there, kept.element) ? there : candidates.find(alike.bind(null, kept.element));
    if (replacement) {
      replacement.focus({ preventScroll: true });
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
