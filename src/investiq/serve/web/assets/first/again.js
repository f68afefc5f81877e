// Stands in the head: a page of which a script did not arrive stays empty, so it is loaded again. Browsers drop what is
// on its way when a network of the machine comes or goes, also what comes from the machine itself.
(function () {
  var soon = null;
  window.addEventListener(
    "error",
    function (event) {
      if (event.target instanceof HTMLScriptElement && soon === null) {
        soon = window.setTimeout(function () {
          window.location.reload();
        }, 3000);
      }
    },
    true // errors of elements do not bubble
  );
})();
