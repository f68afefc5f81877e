// How values are written at the axes of charts. The names are what `formatter` says in the series' price format.
window.dashTvlwcFunctions = Object.assign(window.dashTvlwcFunctions || {}, {
  // Marks of the time axis: a bare "2" could be any month's.
  dates: function (time, type) {
    if (type !== 2) {
      return null; // years, months and times as the library writes them
    }
    var moment = typeof time === "number" ? new Date(time * 1000) : new Date(time);
    return moment.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  },
  dollars: function (value) {
    return "$" + Math.round(value).toLocaleString("en-US");
  },
  percent: function (value) {
    return value.toFixed(2).replace("-", "−") + " %";
  },
  share: function (value) {
    // An axis around zero reaches below it; a share does not.
    return value < 0 ? "" : (value * 100).toFixed(1) + " %";
  },
  rate: function (value) {
    return value < 0 ? "" : value.toFixed(1) + "/s";
  },
  milliseconds: function (value) {
    return value < 0 ? "" : value.toLocaleString("en-US", { maximumFractionDigits: value < 10 ? 1 : 0 }) + " ms";
  },
});
