// The page's half of the session (serve/web/browser_session.py says why there are two), and logging out.
(function () {
  var KEY = "investiq-half";
  var ask = window.fetch;

  function half() {
    try {
      return window.localStorage.getItem(KEY);
    } catch (error) {
      return null; // storage may be forbidden: not logged in then
    }
  }

  function send(address, options) {
    var headers = new Headers(options.headers);
    if (half()) {
      headers.set("X-InvestIQ-Half", half());
    }
    return ask(address, Object.assign({}, options, { headers: headers }));
  }

  // nginx at the edge lets nobody on whose session is over. To lead them to the log-in would lose what they typed: a new
  // tab does not, and its log-in counts here.
  function tell(isLoggedOut) {
    var notice = document.getElementById("logged-out");
    if (!isLoggedOut && notice) {
      notice.remove();
    }
    if (!isLoggedOut || notice) {
      return;
    }
    var link = document.createElement("a");
    link.href = "/login?stay";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "Log in";
    notice = document.createElement("div");
    notice.id = "logged-out";
    notice.className = "stale";
    notice.setAttribute("role", "alert");
    notice.append("Your session is over, and everything below is from before. What you typed stays. ", link, " in a new tab, then go on here.");
    document.body.prepend(notice); // outside of what Dash draws
  }

  // Dash asks by this function, and knows no header that changes. It draws only what comes with a 200: a refusal that has
  // something to show is handed to it as one.
  window.fetch = function (address, options) {
    if (typeof address !== "string" || address.split("?")[0] !== "/_dash-update-component") {
      return ask.apply(window, arguments);
    }
    return send(address, options || {}).then(function (answer) {
      tell(answer.status === 401 && !answer.headers.get("X-InvestIQ-Shown"));
      var shown = answer.headers.get("X-InvestIQ-Shown");
      return shown ? new Response(answer.body, { status: 200, headers: answer.headers }) : answer;
    });
  };

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("#log-out");
    if (!button) {
      return;
    }
    button.disabled = true;
    send("/logout", { method: "POST" })
      .then(function (answer) {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        window.localStorage.removeItem(KEY);
        window.location.reload();
      })
      .catch(function () {
        button.disabled = false;
        button.textContent = "Not logged out: try again";
      });
  });
})();
