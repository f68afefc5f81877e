// While the pointer is on a chart, its legend shows the values there instead of the latest ones.
(function () {
  var pointed = {}; // id of a chart -> what its crosshair is at

  function show(id) {
    var chart = document.getElementById(id);
    var legend = chart && chart.closest(".panel").querySelector(".legend");
    var there = pointed[id];
    if (!legend) {
      return;
    }
    var write = window.dashTvlwcFunctions[legend.getAttribute("data-axis")];
    legend.querySelectorAll("[data-line]").forEach(function (number) {
      // An attribute, which the style sheet shows: the text itself belongs to the page's framework.
      if (!there || !there.time) {
        number.removeAttribute("data-there");
        return;
      }
      var point = there.seriesData[number.getAttribute("data-line")];
      number.setAttribute("data-there", point && point.value !== undefined ? write(point.value) || "0" : "–");
    });
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.investiq = Object.assign(window.dash_clientside.investiq || {}, {
    // Called for what the crosshair is at, and for words that were drawn anew while it is there.
    point_at: function () {
      window.dash_clientside.callback_context.triggered.forEach(function (change) {
        var place = change.prop_id.lastIndexOf(".");
        var id = change.prop_id.slice(0, place).replace('"panel-words"', '"panel-chart"');
        if (change.prop_id.slice(place) === ".crosshair") {
          pointed[id] = change.value;
        }
        window.requestAnimationFrame(function () {
          show(id);
        });
      });
    },
  });
})();
