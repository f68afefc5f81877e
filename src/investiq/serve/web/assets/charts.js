// How values are written at the axes of charts. The names are what `formatter` says in the series' price format.
(function () {
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.investiq = Object.assign(window.dash_clientside.investiq || {}, {
    // The options of one chart, or of each of several, with the text in the colour of the scheme.
    tint: function (_scheme, options) {
      return new Promise(function (resolve) {
        // In the next frame the page has the other scheme.
        window.requestAnimationFrame(function () {
          resolve(Array.isArray(options) ? options.map(tinted) : tinted(options));
        });
      });
    },
  });

  function tinted(options) {
    var color = getComputedStyle(document.documentElement).getPropertyValue("--iq-muted").trim();
    return Object.assign({}, options, { layout: Object.assign({}, options.layout, { textColor: color }) });
  }

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
    // Those of panels, by their unit. An axis that begins at zero reaches a little below it: nothing is written there.
    plain: function (value) {
      return figure(value, 2);
    },
    count: function (value) {
      return Math.abs(value) < 100000 ? figure(value, 2) : scaled(value, 1000, ["", " k", " M", " G", " T"]);
    },
    rate: function (value) {
      return value < 0 ? "" : figure(value, 2) + "/s";
    },
    share: function (value) {
      return value < 0 ? "" : figure(value * 100, 2) + " %";
    },
    seconds: seconds,
    milliseconds: function (value) {
      return Math.abs(value) < 10000 ? (value < 0 ? "" : figure(value, 1) + " ms") : seconds(value / 1000);
    },
    bytes: bytes,
    bytes_per_second: function (value) {
      return value < 0 ? "" : bytes(value) + "/s";
    },
    days: function (value) {
      return seconds(value * 86400);
    },
    moment: function (value) {
      return new Date(value).toISOString().slice(5, 16).replace("T", " ");
    },
  });

  function figure(value, digits) {
    return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
  }

  function scaled(value, base, prefixes) {
    var place = 0;
    while (Math.abs(value) >= base && place < prefixes.length - 1) {
      value /= base;
      place += 1;
    }
    return figure(value, Math.abs(value) < 10 ? 2 : 1) + prefixes[place];
  }

  function bytes(value) {
    return value < 0 ? "" : scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
  }

  function seconds(value) {
    var sizes = [
      [86400, " days"],
      [3600, " h"],
      [60, " min"],
    ];
    if (value < 0) {
      return "";
    }
    for (var i = 0; i < sizes.length; i += 1) {
      if (value >= 2 * sizes[i][0]) {
        return figure(value / sizes[i][0], 1) + sizes[i][1];
      }
    }
    return value > 0 && value < 1 ? figure(value * 1000, 1) + " ms" : figure(value, 2) + " s";
  }
})();
