"use strict";
/* Passkeys: the one thing here that cannot be done without a script. Buttons that ask for one are shown by it.

   <button data-passkey="sign-in|register" data-options="/…/options" data-form="id of the form that takes the answer">
   The answer goes into that form's "response" field as JSON, so that whatever follows is a page like any other. */
(() => {
  const known = window.PublicKeyCredential;
  if (!known || !navigator.credentials) return;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const optionsFrom = async (button) => {
    const form = document.getElementById(button.dataset.form);
    const sent = new URLSearchParams();
    const token = form.elements.csrf_token;
    if (token) sent.set("csrf_token", token.value);
    const answer = await fetch(button.dataset.options, { method: "POST", body: sent });
    if (!answer.ok) throw new Error(String(answer.status));
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    options.allowCredentials = named(options.allowCredentials);
    if (options.excludeCredentials) options.excludeCredentials = named(options.excludeCredentials);
    return options;
  };

  const spelled = (found) => {
    const inner = { clientDataJSON: text(found.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (found.response[name]) inner[name] = text(found.response[name]);
    }
    if (found.response.getTransports) inner.transports = found.response.getTransports();
    return {
      id: found.id,
      rawId: text(found.rawId),
      type: found.type,
      response: inner,
      authenticatorAttachment: found.authenticatorAttachment || undefined,
      clientExtensionResults: found.getClientExtensionResults(),
    };
  };

  const send = (button, found) => {
    const form = document.getElementById(button.dataset.form);
    form.elements.response.value = JSON.stringify(spelled(found));
    const name = document.getElementById("f-passkey-name");
    if (form.elements.name && name) form.elements.name.value = name.value;
    form.submit();
  };

  const problem = (shown) => {
    const line = document.getElementById("passkey-problem");
    if (line) line.hidden = !shown;
  };

  let waiting = null;
  const start = async (button) => {
    problem(false);
    button.setAttribute("aria-busy", "true");
    try {
      if (waiting) waiting.abort();
      const publicKey = await optionsFrom(button);
      const found =
        button.dataset.passkey === "register"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
      if (found) send(button, found);
    } catch {
      problem(true);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };

  /* Offer passkeys in the field where the address is typed, as browsers do it. */
  const offer = async (button) => {
    const can = known.isConditionalMediationAvailable && (await known.isConditionalMediationAvailable());
    if (!can || !document.querySelector('input[autocomplete~="webauthn"]')) return;
    try {
      waiting = new AbortController();
      const publicKey = await optionsFrom(button);
      const found = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: waiting.signal });
      if (found) send(button, found);
    } catch {
      /* Nobody chose one there; the button stays. */
    }
  };

  /* An address of loopback has no name that a passkey could be bound to; localhost is the same place with one. */
  if (/^[\d.]+$|^\[/.test(location.hostname)) {
    for (const line of document.querySelectorAll("[data-passkey-elsewhere]")) {
      const there = new URL(location.href);
      there.hostname = "localhost";
      line.querySelector("a").href = there.href;
      line.hidden = false;
    }
    return;
  }

  for (const one of document.querySelectorAll("[data-with-script]")) one.hidden = false;
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", () => start(button));
    if (button.dataset.passkey === "sign-in") offer(button);
  }
})();
