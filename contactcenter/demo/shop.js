// "Write to us" buttons open the chat.
for (const button of document.querySelectorAll("[data-chat]")) {
  button.addEventListener("click", () => window.contactcenter?.open());
}
