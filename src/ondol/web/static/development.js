// The form of /dev/links: takes the token from the fragment, and shows the response.
const form = document.querySelector("form");
if (form) {
  form.elements.token.value = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await fetch(form.dataset.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Protection": "1" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    const text = await response.text();
    const shown = text && response.headers.get("Content-Type").includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
    document.querySelector("#answer").textContent = `${response.status}\n${shown}`;
  });
}
