// The page at /login. A link brings its token behind "#": it reaches no server, log or referrer before it is posted, and
// reading the page, as previews of links do, does not use it up.
(function () {
  var said = document.getElementById("said");
  var parameters = new URLSearchParams(window.location.search);
  var token = window.location.hash.slice(1);

  function say(text) {
    said.textContent = text;
    said.hidden = false;
  }

  function post(what, button) {
    button.disabled = true;
    said.hidden = true;
    var body = Object.assign({ next: parameters.get("next") || "/" }, what);
    fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
      .then(function (answer) {
        return answer.json().then(function (told) {
          button.disabled = false;
          if (!answer.ok) {
            say(told.detail || "The console refuses it.");
            return;
          }
          window.localStorage.setItem("investiq-half", told.half);
          arrived(told);
        });
      })
      .catch(function () {
        button.disabled = false;
        say("The console's server does not answer. Type investiq status.");
      });
  }

  function arrived(session) {
    if (!parameters.has("stay")) {
      window.location.replace(session.next);
      return;
    }
    document.querySelectorAll("form").forEach(function (form) {
      form.hidden = true;
    });
    say("You are logged in as " + session.name + ". Go back to the tab that you came from, and press the button again.");
  }

  function listen(id, what) {
    document.getElementById(id).addEventListener("submit", function (event) {
      event.preventDefault();
      post(what(), event.target.querySelector("button"));
    });
  }

  listen("by-key", function () {
    return { key: document.getElementById("key").value };
  });
  listen("by-link", function () {
    return { link: token };
  });

  if (token.indexOf("iql_") === 0) {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    document.getElementById("by-link").hidden = false;
    document.getElementById("by-key").hidden = true;
  } else {
    document.getElementById("key").focus();
  }
})();
