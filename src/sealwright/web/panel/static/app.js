// Makes pages quicker to use; every act works without it. What it says comes from the page, in the viewer's language.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = $("#words")?.dataset ?? {};
  const dialog = $("#dialog");
  const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
  // What is read by itself must not pass for somebody's presence, or an open page would keep its session alive.
  const UNASKED = { "Sealwright-Unasked": "yes" };
  const PARTIAL = { "HX-Request": "true", "HX-Request-Type": "partial" };
  const SAVED = "sealwright:saved";

  // ---- Saying things aloud -------------------------------------------------------------------
  const said = $("#said");
  const say = (text) => {
    said.textContent = "";
    if (text) setTimeout(() => (said.textContent = text), 50);
  };

  // ---- Toasts: what can be undone stays; what only tells goes after a while -------------------
  const PASSING_MS = 8000;
  const dress = (toast) => {
    if (toast.dataset.dressed) return;
    toast.dataset.dressed = "yes";
    say($("span", toast)?.textContent);
    if ("passing" in toast.dataset) {
      const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, 1000) : toast.remove());
      setTimeout(go, PASSING_MS);
    }
    const left = $("[data-seconds]", toast);
    if (!left) return;
    const until = Date.now() + Number(left.dataset.seconds) * 1000;
    const tick = setInterval(() => {
      const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      left.textContent = seconds;
      if (seconds > 0 && toast.isConnected) return;
      clearInterval(tick);
      if (toast.isConnected) {
        $("form", toast)?.remove();
        say(words.undone);
      }
    }, 250);
  };
  const toasts = $("#toasts");
  new MutationObserver(() => $$(".toast", toasts).forEach(dress)).observe(toasts, { childList: true, subtree: true });
  $$(".toast", toasts).forEach(dress);

  // ---- Asking the server ---------------------------------------------------------------------
  const fragmentOf = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    $$("hx-partial", holder.content).forEach((part) => {
      const place = $(part.getAttribute("hx-target"));
      if (part.getAttribute("hx-swap") === "innerHTML") place?.replaceChildren(...part.childNodes);
      else place?.append(...part.childNodes);
      part.remove();
    });
    return holder.content;
  };
  const put = (place, html) => {
    place.replaceChildren(fragmentOf(html));
    window.htmx?.process(place);
    settle(place);
  };
  const ask = async (url, target, { asked = true, ...options } = {}) => {
    const busy = setTimeout(() => target.setAttribute("aria-busy", "true"), 150);
    const still = setTimeout(() => say(words.still), 5000);
    try {
      const headers = { ...PARTIAL, ...(asked ? {} : UNASKED), "HX-Target": target.id };
      return await fetch(url, { ...options, headers, credentials: "same-origin" });
    } catch {
      say(words.failed);
      return null;
    } finally {
      clearTimeout(busy);
      clearTimeout(still);
      target.removeAttribute("aria-busy");
    }
  };
  const savedIn = (answer) => (answer.headers.get("HX-Trigger") ?? "").includes(SAVED);

  // ---- Lists: load the region anew, and put the focus where it was ----------------------------
  const refresh = async (href = location.href, { asked = true } = {}) => {
    const region = $("[data-region]");
    if (!region) return;
    const row = document.activeElement?.closest?.("[data-row]") ?? $("[data-row].cur");
    const place = row ? $$("[data-row]").indexOf(row) : -1;
    const answer = await ask(href, region, { asked });
    const elsewhere = answer?.headers.get("HX-Redirect");
    if (elsewhere && asked) location.href = elsewhere;
    if (!answer?.ok || elsewhere) return;
    put(region, await answer.text());
    const rows = $$("[data-row]");
    const again = (row && document.getElementById(row.id)) || rows[Math.min(Math.max(place, 0), rows.length - 1)];
    if (place >= 0 && again) go(again);
    say($("[data-summary]")?.textContent ?? words.results);
  };
  document.addEventListener("htmx:after:swap", (event) => {
    const guarded = event.target?.closest?.("form[data-guarded]");
    if (guarded) guard(guarded);
    const region = event.target?.closest?.("[data-region]");
    if (!region) return;
    settle(region);
    say($("[data-summary]", region)?.textContent ?? $("[data-summary]")?.textContent ?? words.results);
  });

  // ---- The dialog: a page of its own, shown over the list -------------------------------------
  let listHref = null;
  let opener = null;
  let dirty = false;
  const leaveAllowed = () => !dirty || window.confirm(words.leave);
  const openDialog = async (href, { push = true } = {}) => {
    const answer = await ask(href, dialog);
    if (!answer || answer.headers.get("HX-Redirect")) return void (location.href = href);
    if (!dialog.open) {
      listHref = location.href;
      opener = document.activeElement;
    }
    put(dialog, await answer.text());
    dirty = false;
    if (push) history[dialog.open ? "replaceState" : "pushState"]({ dialog: href }, "", href);
    if (!dialog.open) dialog.showModal();
    ($("[autofocus]", dialog) ?? $("#dialog-title", dialog) ?? dialog).focus();
  };
  const closeDialog = ({ back = true } = {}) => {
    if (!dialog.open) return;
    dialog.close();
    dialog.replaceChildren();
    dirty = false;
    if (back && history.state?.dialog) history.back();
    const row = opener?.closest?.("[data-row]");
    ((row && document.getElementById(row.id) && $("a.title", document.getElementById(row.id))) || opener)?.focus?.();
  };
  dialog?.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (leaveAllowed()) closeDialog();
  });
  window.addEventListener("popstate", (event) => {
    if (dialog?.open && !event.state?.dialog) closeDialog({ back: false });
    else if (event.state?.dialog && !dialog.open) location.reload();
  });
  document.addEventListener("htmx:before:history:restore", (event) => {
    // Going back closes the dialog; the list behind it is still there and needs no loading.
    if (dialog?.open || history.state?.dialog) event.preventDefault();
  });

  // Forms in the dialog, and forms that say so, are sent without leaving the page.
  const send = async (form, submitter) => {
    const target = form.closest("dialog") ?? $("[data-region]") ?? document.body;
    const data = new FormData(form, submitter);
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
    const buttons = $$("button", form).filter((one) => !one.disabled);
    buttons.forEach((one) => (one.disabled = true));
    submitter?.setAttribute("aria-busy", "true");
    const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
    const answer = await ask(action, target, { method: "POST", body });
    submitter?.removeAttribute("aria-busy");
    buttons.forEach((one) => (one.disabled = false));
    if (!answer) return;
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) {
      dirty = false;
      location.href = elsewhere;
      return;
    }
    const html = await answer.text();
    if (savedIn(answer)) {
      fragmentOf(html);
      form.closest(".toast")?.remove();
      const href = dialog?.open ? listHref : location.href;
      closeDialog();
      await refresh(href);
    } else if (target === dialog && (answer.ok || answer.status === 409 || answer.status === 422)) {
      put(dialog, html);
      ($("#form-errors", dialog) ?? $("[role=alert]", dialog) ?? $("#dialog-title", dialog))?.focus();
    } else {
      const note = document.createElement("div");
      note.append(fragmentOf(html));
      ($(".dlg-body", target) ?? target).prepend(note);
      note.scrollIntoView({ block: "nearest" });
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
    const inside = form.closest("dialog") || "enhance" in form.dataset || (form.closest(".toast") && $("[data-region]"));
    if (!inside) {
      dirty = false;
      // A file comes, and the page stays as it is.
      if ("file" in form.dataset) return;
      // A second click would post twice; the first click's own name and value must still be sent.
      setTimeout(() => $$("button", form).forEach((one) => (one.disabled = true)));
      return;
    }
    event.preventDefault();
    send(form, event.submitter);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) $$("form[method=post] button:disabled").forEach((one) => (one.disabled = false));
  });

  // ---- Strips that scroll by themselves show where one is; the page stays where it is ---------
  const show = (strip) => {
    const now = $("[aria-current]", strip)?.getBoundingClientRect();
    const here = strip.getBoundingClientRect();
    if (!now) return;
    if (now.bottom > here.bottom) strip.scrollTop += now.bottom - here.bottom + here.height / 4;
    if (now.left < here.left || now.right > here.right) strip.scrollLeft += now.left - here.left - 16;
  };

  // ---- What is not saved yet; what may be saved -----------------------------------------------
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form");
    if (!form || form.method !== "post") return;
    if (form.closest("dialog") || "dirty" in form.dataset) dirty = true;
    form.dataset.changed = "yes";
    guard(form);
  });
  const guard = (form) => {
    if (!("guarded" in form.dataset)) return;
    const line = $(".effect", form);
    const ready = form.dataset.changed && (!line || line.textContent.trim());
    $$("button[data-save]", form).forEach((one) => (one.disabled = !ready));
  };
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  // ---- Drafts save themselves; what cannot be kept as it is waits for the next change -------------
  const AUTOSAVE_MS = 5000;
  setInterval(async () => {
    const form = $("form[data-autosave]");
    const place = $("#draft-saved");
    if (!form?.dataset.changed || place.getAttribute("aria-busy")) return;
    delete form.dataset.changed;
    const body = new URLSearchParams(new FormData(form));
    const answer = await ask(form.dataset.autosave, place, { method: "POST", body });
    if (!answer) form.dataset.changed = "yes";
    if (!answer?.ok || answer.headers.get("HX-Redirect")) return;
    put(place, await answer.text());
    if (!form.dataset.changed) dirty = false;
  }, AUTOSAVE_MS);
  const settle = (place) => {
    $$("nav[data-strip]").forEach(show);
    $$("form[data-guarded]", place).forEach(guard);
    $$("[data-left]", place).forEach(counted);
    $$("form[data-needs-tick]", place).forEach((form) => {
      const button = $("button", form);
      const tick = $("input[type=checkbox]", form);
      button.disabled = !tick.checked;
      tick.addEventListener("change", () => (button.disabled = !tick.checked));
    });
    count();
  };

  // ---- Selecting rows -------------------------------------------------------------------------
  const boxes = () => $$("[data-row] .sel input:not(:disabled)");
  const count = () => {
    const bar = $("[data-bulk]");
    const chosen = boxes().filter((one) => one.checked);
    $$("[data-row]").forEach((row) => row.classList.toggle("on", !!$(".sel input:checked", row)));
    const all = $("[data-select-all]");
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === boxes().length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    }
    if (!bar) return;
    bar.hidden = chosen.length === 0;
    const told = $("[data-selected]", bar);
    if (told) told.textContent = words.selected.replace("{n}", chosen.length);
  };
  let lastBox = null;
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-select-all]")) boxes().forEach((one) => (one.checked = box.checked));
    if (box.matches("[data-row] .sel input")) lastBox = box;
    if (box.matches("[data-select-all], [data-row] .sel input")) count();
  });
  const range = (box) => {
    const list = boxes();
    const [from, to] = [list.indexOf(lastBox), list.indexOf(box)].sort((a, b) => a - b);
    if (from < 0) box.checked = true;
    else list.slice(from, to + 1).forEach((one) => (one.checked = true));
    count();
  };

  // ---- Clicks ---------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    const at = event.target.closest("[data-copy], [data-dismiss], [data-close], a[data-dialog], a[data-palette]");
    $$("details[data-drop][open]").forEach((one) => {
      if (!one.contains(event.target)) one.open = false;
    });
    if (!at) return;
    if ("copy" in at.dataset) {
      navigator.clipboard?.writeText(at.dataset.copy).then(() => {
        say(words.copied);
        at.classList.add("copied");
        setTimeout(() => at.classList.remove("copied"), 1500);
      });
    } else if ("dismiss" in at.dataset) {
      at.closest(".toast").remove();
    } else if ("close" in at.dataset && dialog?.open) {
      event.preventDefault();
      if (leaveAllowed()) closeDialog();
    } else if (plain && at.matches("a[data-dialog], a[data-palette]")) {
      event.preventDefault();
      if (!dialog?.open || leaveAllowed()) openDialog(at.href);
    }
  });

  // ---- Keys -----------------------------------------------------------------------------------
  const go = (row) => {
    $$("[data-row].cur").forEach((one) => one.classList.remove("cur"));
    row.classList.add("cur");
    ($("a.title", row) ?? $("a, button", row))?.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  const current = () => document.activeElement?.closest?.("[data-row]") ?? $("[data-row].cur");
  const move = (step) => {
    const other = $(`[data-key=${step > 0 ? "j" : "k"}]`, dialog ?? document);
    if (dialog?.open) return void other?.click();
    const rows = $$("[data-row]");
    const place = rows.indexOf(current());
    const next = rows[place < 0 ? (step > 0 ? 0 : rows.length - 1) : place + step];
    if (next) go(next);
  };
  const act = (name) => {
    const from = dialog?.open ? dialog : current() ?? $("[data-acts]");
    const one = from && $(`[data-act=${name}]`, from);
    if (!one) return;
    if (one.matches("input, textarea, select")) one.focus();
    else one.click();
  };
  const PLACES = { r: "/issuer", h: "/issuer/holders", b: "/batches", s: "/settings" };
  let chord = 0;
  const KEYS = {
    "/": () => $("[data-search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const box = current() && $(".sel input:not(:disabled)", current());
      if (box) box.click();
    },
    X: () => {
      const box = current() && $(".sel input:not(:disabled)", current());
      if (box) range(box);
    },
    a: () => act("approve"),
    r: () => act("reject"),
    i: () => act("ask"),
    n: () => act("note"),
    z: () => $$(".toast form button", toasts).pop()?.click(),
    g: () => (chord = Date.now()),
    "?": () => {
      const sheet = $("#keys");
      if (!sheet || dialog.open) return;
      opener = document.activeElement;
      dialog.replaceChildren(sheet.content.cloneNode(true));
      dialog.showModal();
      $("#dialog-title", dialog)?.focus();
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.altKey) return;
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === "Enter") {
      const form = document.activeElement?.closest("form") ?? $("form", dialog ?? document);
      if (form?.method === "post") {
        event.preventDefault();
        form.requestSubmit($("[data-save]", form) ?? undefined);
      }
      return;
    }
    if (mod && event.key.toLowerCase() === "k") {
      const palette = $("a[data-palette]");
      if (palette) {
        event.preventDefault();
        palette.click();
      }
      return;
    }
    if (event.key === "Escape") {
      const open = $("details[data-drop][open]");
      if (open) {
        open.open = false;
        $("summary", open).focus();
      }
      return;
    }
    if (mod || document.activeElement?.matches(TYPING) || !("shortcuts" in document.body.dataset)) return;
    if (chord && Date.now() - chord < 1500 && PLACES[event.key]) {
      chord = 0;
      const link = $(`.menu a[href="${PLACES[event.key]}"], .drop a[href="${PLACES[event.key]}"]`);
      if (link) location.href = link.href;
      return;
    }
    chord = 0;
    const key = KEYS[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  });

  // ---- What has come meanwhile is announced; the list changes only when somebody asks for it ---
  const ARRIVALS_MS = 15000;
  let arrivals = 0;
  const arrived = async () => {
    const place = $("[data-arrivals]");
    if (!place || dialog?.open) return;
    let html = "";
    try {
      const headers = { ...PARTIAL, ...UNASKED };
      const answer = await fetch(place.dataset.arrivals, { headers, credentials: "same-origin" });
      // Whoever was signed out learns it by their next act, not by a page that goes away under them.
      if (answer.headers.get("HX-Redirect") || answer.status === 403) place.removeAttribute("data-arrivals");
      else if (answer.status === 200) html = await answer.text();
    } catch {
      return;
    }
    if (!html || !place.isConnected) return;
    const found = $("a", fragmentOf(html));
    const there = $("a", place);
    if (there?.textContent === found.textContent) return;
    // The link that may have the focus stays the same one.
    if (there) there.textContent = found.textContent;
    else place.append(found);
    say(found.textContent);
  };
  const watch = () => {
    clearInterval(arrivals);
    if (!document.hidden) arrivals = setInterval(arrived, ARRIVALS_MS);
  };
  document.addEventListener("visibilitychange", () => {
    watch();
    if (!document.hidden) arrived();
  });
  watch();

  // ---- Photos: small enough for a phone's connection; a camera's next one is added to those before ------
  const PHOTO_BYTES = 1_000_000;
  const PHOTO_PIXELS = 2048;
  const shrunk = async (file) => {
    if (file.size <= PHOTO_BYTES) return file;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, PHOTO_PIXELS / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [picture.width * scale, picture.height * scale].map(Math.round);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
      const name = `${file.name.replace(/\.\w+$/, "")}.jpg`;
      return small && small.size < file.size ? new File([small], name, { type: small.type }) : file;
    } catch {
      return file;
    }
  };
  const taken = new WeakMap();
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!input.matches("input[data-photos]")) return;
    const buttons = $$("button", input.form);
    buttons.forEach((one) => (one.disabled = true));
    const bag = new DataTransfer();
    const before = input.hasAttribute("capture") ? taken.get(input) ?? [] : [];
    const all = [...before, ...(await Promise.all([...input.files].map(shrunk)))];
    all.forEach((file) => bag.items.add(file));
    taken.set(input, all);
    input.files = bag.files;
    buttons.forEach((one) => (one.disabled = false));
  });

  // ---- Printing; the camera, where the browser reads codes: what it reads is sent as if it were pasted ------
  $$("[data-print]").forEach((one) => (one.hidden = false));
  document.addEventListener("click", (event) => event.target.closest("[data-print]") && window.print());
  const scanner = "BarcodeDetector" in window && navigator.mediaDevices && $("[data-scan]");
  if (scanner) scanner.hidden = false;
  scanner?.addEventListener?.("click", async () => {
    const video = document.createElement("video");
    video.muted = video.playsInline = true;
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await video.play();
    } catch {
      return say(words.failed);
    }
    scanner.hidden = true;
    scanner.form.prepend(video);
    say(scanner.dataset.scan);
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const look = setInterval(async () => {
      const [code] = await detector.detect(video).catch(() => []);
      if (!code || !video.isConnected) return;
      clearInterval(look);
      video.srcObject.getTracks().forEach((track) => track.stop());
      video.remove();
      scanner.form.elements.document.value = code.rawValue;
      scanner.form.requestSubmit();
    }, 250);
  });

  // ---- A one-time link's token stands behind the hash, where no server sees it; then it goes out of sight -------
  const claim = () => {
    const form = $("form[data-claim]");
    if (!location.hash.startsWith("#swo_") || location.pathname !== "/claim") return;
    // What told the end of the link before it has no form.
    if (!form) return void location.replace(`/claim?${location.hash}`);
    $("[name=token]", form).value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    form.requestSubmit();
  };
  window.addEventListener("hashchange", claim);
  claim();

  // ---- A code's time is counted down; while somebody looks, another comes before it is over, a dozen times at most --
  const RENEW_BEFORE = 20;
  let renewals = 12;
  const counted = (card) => {
    const over = performance.now() + Number(card.dataset.left) * 1000;
    let asks = Number(card.dataset.left) > RENEW_BEFORE;
    const tick = setInterval(async () => {
      if (!card.isConnected) return clearInterval(tick);
      const left = Math.max(0, Math.ceil((over - performance.now()) / 1000));
      const shown = $("[data-counts]", card);
      if (shown) shown.textContent = `(${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")})`;
      const form = $("[data-renew]", card);
      if (form && asks && left <= RENEW_BEFORE && !document.hidden && renewals-- > 0) {
        asks = false;
        const answer = await ask(form.action, card, { asked: false, method: "POST", body: new URLSearchParams(new FormData(form)) });
        const place = card.closest("#deliver");
        if (!answer?.ok || answer.headers.get("HX-Redirect") || !place) return;
        const next = $("#deliver", fragmentOf(await answer.text()));
        place.replaceWith(next);
        return settle(next);
      }
      if (left > 0) return;
      clearInterval(tick);
      $$("[data-live]", card).forEach((one) => (one.hidden = true));
      $("[data-over]", card).hidden = false;
      say($("[data-over]", card).textContent.trim());
    }, 1000);
  };

  // ---- Long work said at each tenth; the network gone -----------------------------------------
  let tenth = -1;
  new MutationObserver(() => {
    const bar = $("[data-progress] progress");
    const now = bar ? Math.floor((bar.value / bar.max) * 10) : -1;
    if (bar && now !== tenth && tenth >= 0) say(`${now * 10} %`);
    tenth = now;
  }).observe(document.body, { childList: true, subtree: true, attributeFilter: ["value"] });
  const offline = $("#offline");
  const network = () => (offline.hidden = navigator.onLine);
  window.addEventListener("online", () => {
    network();
    refresh(location.href, { asked: false });
  });
  window.addEventListener("offline", network);

  $$("[data-strip]").forEach(show);
  settle(document);
  $("#form-errors")?.focus();
})();
