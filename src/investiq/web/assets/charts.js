// How values are written at the axes of charts. The names are what `formatter` says in the series' price format.
window.dashTvlwcFunctions = Object.assign(window.dashTvlwcFunctions || {}, {
  percent: function (value) {
    return value.toFixed(2) + " %";
  },
  share: function (value) {
    return (value * 100).toFixed(1) + " %";
  },
  rate: function (value) {
    return value.toFixed(1) + "/s";
  },
  milliseconds: function (value) {
    return value.toFixed(value < 10 ? 1 : 0) + " ms";
  },
});
