// The dialog that asks for an API key.

import * as server from "./server.js";

const $ = (id) => document.getElementById(id);

// Ask for a key; `then` is called once one was given.
export function ask(then) {
  $("key-error").textContent = server.hasKey() ? "That key is not valid here." : "";
  $("key-button").hidden = false;
  $("key").value = "";
  if (!$("key-dialog").open) $("key-dialog").showModal();
  $("key").focus();
  $("key-dialog").onclose = () => {
    if ($("key-dialog").returnValue === "save") {
      server.setKey($("key").value.trim());
      then();
    }
    $("key").value = "";
    $("key-dialog").returnValue = "";
  };
}
