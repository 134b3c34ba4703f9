// Batches: a page that watches work asks for news of it; a file that is sent says how far it is. Both work without.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const HEADERS = { "HX-Request": "true", "HX-Request-Type": "partial", "Sealwright-Unasked": "yes" };
  const EVERY_MS = 1000;

  // Only what has changed is written, in place: focus, pointer and scrolling stay where they are.
  const take = (news) => {
    for (const fresh of news.querySelectorAll("[data-live]"))
      document.querySelectorAll(`[data-live="${fresh.dataset.live}"]`).forEach((shown) => write(shown, fresh));
  };
  const write = (shown, fresh) => {
    if (shown.matches("progress")) {
      shown.value = fresh.value;
      shown.max = fresh.max;
      shown.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    } else if (shown.innerHTML !== fresh.innerHTML && !shown.contains(document.activeElement)) {
      shown.replaceChildren(...fresh.cloneNode(true).childNodes);
    }
  };
  // Another state brings other buttons and rows. Whoever has begun to do something is not disturbed.
  const turn = (place) => {
    const region = place.closest("[data-region]");
    if (!region) return void location.reload();
    window.htmx.ajax("GET", location.href, { target: "#batch", swap: "innerHTML" });
  };
  let isAsking = false;
  const ask = async () => {
    const place = $("[data-news]");
    if (!place || isAsking || document.hidden || $("dialog[open]")) return;
    isAsking = true;
    try {
      const answer = await fetch(place.dataset.news, { headers: HEADERS, credentials: "same-origin" });
      // Whoever was signed out learns it by their next act.
      if (answer.headers.get("HX-Redirect") || answer.status === 403 || answer.status === 404) {
        delete place.dataset.news;
        return;
      }
      if (!answer.ok) return;
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const news = holder.content.firstElementChild;
      if (!news || !place.isConnected) return;
      take(news);
      const rows = Number(news.dataset.rows ?? 0);
      const isShort = "short" in place.dataset && rows > Number(place.dataset.rows ?? 0);
      if (news.dataset.state !== place.dataset.state || isShort) {
        place.dataset.state = news.dataset.state;
        place.dataset.rows = rows;
        turn(place);
      }
      if (news.dataset.over) delete place.dataset.news;
    } catch {
      // The next question may be answered.
    } finally {
      isAsking = false;
    }
  };
  const place = $("[data-news]");
  if (place) setInterval(ask, Number(place.dataset.every ?? EVERY_MS));
  document.addEventListener("visibilitychange", ask);

  // ---- Sending a file ------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("upload" in form.dataset) || !$("input[type=file]", form).files.length) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const bar = $("[data-upload-bar]", form);
    const progress = $("progress", bar);
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach((one) => (one.disabled = true));
    bar.hidden = false;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => {
      progress.value = sent.total ? Math.floor((sent.loaded / sent.total) * 100) : 0;
      $("[data-sent]", bar).textContent = progress.value;
    });
    const failed = $("[data-upload-fault]", form);
    failed.hidden = true;
    const again = () => {
      buttons.forEach((one) => (one.disabled = false));
      bar.hidden = true;
    };
    const lose = (said) => {
      again();
      failed.hidden = false;
      if (said) $("p", failed).textContent = said;
      failed.focus();
    };
    request.addEventListener("load", () => {
      if (request.responseURL !== form.action) return void location.assign(request.responseURL);
      // What was refused is a whole page: its list of faults is all that is new.
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      const fault = page.querySelector("#form-errors") ?? page.querySelector(".problem");
      $("#form-errors")?.remove();
      // A page of refusal has no such list, but a heading.
      if (!fault) return lose(page.querySelector("main h1")?.textContent);
      again();
      fault.id = "form-errors";
      fault.tabIndex = -1;
      form.prepend(fault);
      fault.focus();
    });
    request.addEventListener("error", () => lose());
    request.send(new FormData(form));
  }, true);
})();
