// Signing on at a till: names from before, and digits for fingers.
"use strict";

(() => {
  const signOn = document.getElementById("sign-on");
  const { staff, pin } = signOn.elements;
  const names = JSON.parse(localStorage.getItem("till-names") ?? "[]");
  for (const name of names.length > 1 ? names : []) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.dir = "ltr";
    button.textContent = name;
    button.addEventListener("click", () => { staff.value = name; pin.focus(); });
    document.getElementById("names").append(button);
  }
  const likely = staff.defaultValue || names[0];
  if (!staff.value && likely) staff.value = likely;
  if (staff.value === likely) pin.focus(); // unless somebody types another name already
  document.getElementById("pad").addEventListener("click", (event) => {
    const digit = event.target.closest("[data-digit]")?.dataset.digit;
    if (digit !== undefined) pin.value = digit ? pin.value + digit : "";
  });
  signOn.addEventListener("submit", () => {
    const kept = [staff.value.trim(), ...names.filter((name) => name !== staff.value.trim())];
    localStorage.setItem("till-names", JSON.stringify(kept.filter(Boolean).slice(0, 5)));
  });
})();
