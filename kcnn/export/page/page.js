// The page: takes an image that is chosen, dropped or pasted, and shows the model's prediction.

import { ImageError, loadModel, readsTruePixels } from "./use.js";

const SHOWN = 5; // classes at first
const find = (id) => document.getElementById(id);
let newest = 0; // the number of the image that was given last; slower ones before it are dropped

find("hint").remove();
const loading = loadModel();
loading.then(describe, (error) => show(`The model cannot be loaded: ${error.message}`, true));

find("file").addEventListener("change", ({ target }) => {
  take(target.files);
  target.value = ""; // so that the same file can be chosen again
});
document.addEventListener("paste", (event) => take(event.clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault(); // else the browser would open the file instead
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dragging");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dragging");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
  else show("That was a link, not a file: save the image first, then drop it here.", true);
});
find("all").addEventListener("click", () => {
  const isOpen = find("all").getAttribute("aria-expanded") !== "true";
  find("all").setAttribute("aria-expanded", isOpen);
  find("labels").classList.toggle("all", isOpen);
  find("all").textContent = isOpen ? "Show fewer classes" : "Show all classes";
});

function describe({ description, classNames }) {
  const { run, measured } = description;
  document.title = `${run}: classify an image`;
  const facts = [run, `${classNames.length} classes`];
  if (measured?.accuracy != null) {
    const images = measured.images.toLocaleString("en");
    facts.push(`accuracy ${perCent(measured.accuracy)} on ${images} test images`);
  }
  find("about").textContent = facts.join(", ");
  if (newest) return; // an image came first
  if (readsTruePixels()) show("Ready.");
  else {
    show(
      "This browser changes pixels to protect you from tracking, so that predictions will be " +
        "wrong. Allow this page to read images, or use another browser.",
      true,
    );
  }
}

/** Classify the first file of several. */
async function take(files) {
  const [file] = files;
  if (!file) return;
  const number = ++newest;
  show("Classifying …");
  let model;
  try {
    model = await loading;
  } catch {
    return; // is shown already
  }
  try {
    const prediction = await model.classify(file);
    if (number !== newest) return;
    showImages(file, prediction.pixels, model.description);
    showLabels(prediction.labels, model.thresholds !== null);
    find("result").hidden = false;
    const others = files.length > 1 ? ` (the first of ${files.length} files)` : "";
    show(sentence(prediction.labels, model.thresholds !== null) + others);
  } catch (error) {
    if (number !== newest) return;
    find("result").hidden = true;
    const expected = error instanceof ImageError;
    show(expected ? error.message : `The image cannot be classified: ${error.message}`, true);
  }
}

/** Write a fraction as kcnn does: 93.1 %, and from 99 % on with a second decimal. */
function perCent(fraction) {
  return `${(100 * fraction).toFixed(fraction < 0.99 || fraction === 1 ? 1 : 2)}\u00a0%`;
}

/** Show a line, which screen readers read aloud. */
function show(text, isError = false) {
  find("status").textContent = text;
  find("status").classList.toggle("error", isError);
}

function sentence(labels, isSeveral) {
  const predicted = labels.filter(({ isPredicted }) => isPredicted);
  if (predicted.length === 0) return "No label: none is above its threshold.";
  const list = predicted.map(({ name, probability }) => `${name}: ${perCent(probability)}`);
  return isSeveral && list.length > 1 ? `Labels: ${list.join(", ")}` : list.join(", ");
}

function showImages(file, pixels, { image_size: [height, width], channels }) {
  const image = find("image");
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  image.alt = file.name || "the image that you pasted";
  const canvas = find("pixels");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const seen = context.createImageData(width, height);
  for (let index = 0; index < width * height; index++) {
    for (let color = 0; color < 3; color++) {
      seen.data[index * 4 + color] = pixels[index * channels + (channels === 1 ? 0 : color)];
    }
    seen.data[index * 4 + 3] = 255;
  }
  context.putImageData(seen, 0, 0);
  const colors = channels === 1 ? "gray" : "color";
  find("seen").textContent = `What the model sees: ${width} × ${height} pixels, ${colors}`;
}

function showLabels(labels, isSeveral) {
  const items = labels.map(({ name, probability, isPredicted }) => {
    const item = document.createElement("li");
    item.classList.toggle("predicted", isPredicted);
    const label = item.appendChild(document.createElement("span"));
    label.className = "name";
    label.dir = "auto";
    label.textContent = name;
    if (isSeveral && isPredicted) label.append(" ✓");
    const value = item.appendChild(document.createElement("span"));
    value.className = "value";
    value.textContent = perCent(probability);
    const bar = item.appendChild(document.createElement("span"));
    bar.className = "bar";
    bar.style.setProperty("--length", probability);
    return item;
  });
  find("labels").replaceChildren(...items);
  find("labels").classList.remove("all");
  find("all").hidden = labels.length <= SHOWN;
  find("all").setAttribute("aria-expanded", "false");
  find("all").textContent = "Show all classes";
}
