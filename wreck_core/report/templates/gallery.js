{
  const form = document.querySelector(".filters");
  if (form) {
    const figures = [...document.querySelectorAll("#gallery figure")];
    const matches = (figure) => [...form.elements].every(({ name, value }) =>
      !name || !value || figure.dataset[name].split(" ").includes(value));
    const show = () => {
      for (const figure of figures) figure.hidden = !matches(figure);
      for (const group of document.querySelectorAll("#gallery .group"))
        group.hidden = !group.querySelector("figure:not([hidden])");
      const shown = figures.filter((figure) => !figure.hidden).length;
      form.querySelector("output").textContent = `${shown} of ${figures.length} shown`;
    };
    form.addEventListener("change", show);
    form.hidden = false;
    show();
  }
}
