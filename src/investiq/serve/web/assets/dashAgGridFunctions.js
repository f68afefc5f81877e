// How cells of tables are written. What is missing is a dash, never a zero.
window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, {
  investiqMoney: function (value, signed) {
    if (value === null || value === undefined) {
      return "–";
    }
    var digits = Math.abs(value) < 1 && value !== 0 && !signed ? 4 : 2;
    var text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    var sign = value < 0 ? "−" : signed && value > 0 ? "+" : "";
    return sign + "$" + text;
  },
  // What the table answers to Tab: not within it, so that the browser goes on to what comes after.
  investiqLeave: function () {
    return false;
  },
  investiqShares: function (value) {
    if (value === null || value === undefined) {
      return "–";
    }
    return value.toLocaleString("en-US", { maximumFractionDigits: 6 }).replace("-", "−");
  },
});
