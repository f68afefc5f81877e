// How values are written at the axes of charts. The names are what `formatter` says in the series' price format.
window.dashTvlwcFunctions = Object.assign(window.dashTvlwcFunctions || {}, {
  dollars: function (value) {
    return "$" + Math.round(value).toLocaleString("en-US");
  },
  percent: function (value) {
    return value.toFixed(2) + " %";
  },
  share: function (value) {
    // An axis around zero reaches below it; a share does not.
    return value < 0 ? "" : (value * 100).toFixed(1) + " %";
  },
  rate: function (value) {
    return value < 0 ? "" : value.toFixed(1) + "/s";
  },
  milliseconds: function (value) {
    return value < 0 ? "" : value.toFixed(value < 10 ? 1 : 0) + " ms";
  },
});
