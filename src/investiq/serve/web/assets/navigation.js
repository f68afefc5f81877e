// What follows the address: the title of the window and the mark on the current page's link.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.investiq = Object.assign(window.dash_clientside.investiq || {}, {
  mark_page: function (path) {
    var name = "";
    document.querySelectorAll(".nav-link").forEach(function (link) {
      var href = link.getAttribute("href");
      var current = href === path || (href !== "/" && path.indexOf(href + "/") === 0);
      var isOfOperations = ["/checklist", "/audit", "/silence"].indexOf(path) >= 0 || path.indexOf("/silence/") === 0;
      if (href === "/operations" && isOfOperations) {
        current = true; // pages of what is run, and of its alerts
      }
      link.classList.toggle("current", current);
      if (current) {
        link.setAttribute("aria-current", "page");
        name = link.textContent;
      } else {
        link.removeAttribute("aria-current");
      }
    });
    if (path === "/silence" || path.indexOf("/silence/") === 0) {
      name = ("Silence " + (path.split("/")[2] || "")).trim();
    }
    name =
      { "/checklist": "Checklist", "/audit": "Audit log", "/trading/orders": "Orders", "/trading/halts": "Halts" }[path] ||
      name;
    document.title = name ? name + " · InvestIQ" : "InvestIQ";
    return name;
  },
});
