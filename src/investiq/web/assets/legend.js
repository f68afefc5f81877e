// While the pointer is on a chart, its legend shows the values there instead of the latest ones.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.investiq = Object.assign(window.dash_clientside.investiq || {}, {
  point_at: function () {
    window.dash_clientside.callback_context.triggered.forEach(function (change) {
      var chart = document.getElementById(change.prop_id.replace(/\.crosshair$/, ""));
      var legend = chart && chart.closest(".panel").querySelector(".legend");
      if (!legend) {
        return;
      }
      var write = window.dashTvlwcFunctions[legend.getAttribute("data-axis")];
      var values = (change.value && change.value.seriesData) || {};
      var pointed = Boolean(change.value && change.value.time);
      legend.querySelectorAll("[data-line]").forEach(function (number) {
        var point = values[number.getAttribute("data-line")];
        // An attribute, which the style sheet shows: the text itself belongs to the page's framework.
        if (!pointed) {
          number.removeAttribute("data-there");
        } else {
          number.setAttribute("data-there", point && point.value !== undefined ? write(point.value) || "0" : "–");
        }
      });
    });
  },
});
