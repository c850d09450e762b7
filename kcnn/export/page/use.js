// Classify images in a page with a model that `kcnn export --format web` wrote:
//
//     import { loadModel } from "./use.js";
//
//     const model = await loadModel();
//     const { labels, probabilities } = await model.classify(file); // of <input type="file">
//     console.log(labels[0].name, labels[0].probability);
//
// Images are read as `kcnn predict` reads them, and stay in the page. Copy the whole folder; pages
// with a Content-Security-Policy need `script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'`.

import { readImage } from "./image.js";
import { Tensor, loadAndCompile, loadLiteRt } from "./litertjs/litert.js";

export { ImageError, readsTruePixels } from "./image.js";

const RUNTIME = new URL("./litertjs/litert_wasm_compat_internal.js", import.meta.url);
const THRESHOLD = 0.5; // of a label that has none of its own, as in kcnn

let runtime = null; // one for all models of a page

/**
 * Load a model.
 *
 * @param {string | URL} folder What `kcnn export --format web` wrote; by default where this file is.
 * @returns {Promise<Model>}
 * @throws {Error} A file is missing, or the browser is too old.
 */
export async function loadModel(folder = new URL("./", import.meta.url)) {
  const base = new URL(folder, document.baseURI);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const [description, classNames] = await Promise.all([
    download(new URL("kcnn.json", base)).then((response) => response.json()),
    download(new URL("class_names.json", base)).then((response) => response.json()),
  ]);
  const content = await download(new URL(description.file ?? "model.tflite", base));
  const bytes = new Uint8Array(await content.arrayBuffer());
  runtime ??= loadLiteRt(RUNTIME.href);
  try {
    await runtime;
  } catch (error) {
    runtime = null; // so that the next call tries again
    throw new Error(
      `LiteRT.js cannot be started (${error.message ?? "a file is missing"}). It needs Chrome or ` +
        "Edge 91, Firefox 105, Safari 16.4, or newer.",
    );
  }
  const compiled = await loadAndCompile(bytes, {
    accelerator: "wasm",
    cpuOptions: { numThreads: 1 },
  });
  return new Model(compiled, description, classNames);
}

/** Download a file; ask the server whether a copy that the browser keeps is still the newest. */
async function download(url) {
  const response = await fetch(url, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response;
}

/** A model, its classes and what kcnn.json says of it. */
export class Model {
  #compiled;

  /** Use loadModel. */
  constructor(compiled, description, classNames) {
    this.#compiled = compiled;
    this.description = description;
    this.classNames = classNames;
    const thresholds = description.thresholds ?? classNames.map(() => null);
    /** Where images may have several labels, the probability above which each is predicted. */
    this.thresholds = description.several_labels
      ? thresholds.map((threshold) => threshold ?? THRESHOLD)
      : null;
  }

  /**
   * Classify an image.
   *
   * @param {Blob} image A file that was chosen, dropped, pasted or fetched.
   * @returns {Promise<{probabilities: Float32Array, labels: Label[], pixels: Uint8Array}>} The
   *     probability of each class, in the order of classNames; all classes by falling probability;
   *     and what the model saw, height × width × channels.
   * @throws {ImageError} It is not an image, or the browser cannot read it.
   *
   * @typedef {{name: string, probability: number, isPredicted: boolean}} Label Of one class,
   *     the most probable is predicted; of several labels, those above their thresholds.
   */
  async classify(image) {
    const pixels = await readImage(image, this.description);
    const probabilities = await this.predict(pixels);
    return { probabilities, labels: this.#labels(probabilities), pixels };
  }

  /**
   * Return the probability of each class for pixels that have the size and colors of the model's
   * input already.
   *
   * @param {Uint8Array} pixels Height × width × channels, 0 to 255.
   * @returns {Promise<Float32Array>}
   */
  async predict(pixels) {
    const { image_size: size, channels } = this.description;
    // LiteRT.js frees no memory by itself.
    const input = new Tensor(pixels, [1, ...size, channels]);
    try {
      const outputs = await this.#compiled.run(input);
      try {
        return Float32Array.from(await outputs[0].data());
      } finally {
        for (const output of outputs) output.delete();
      }
    } finally {
      input.delete();
    }
  }

  /** Free the model's memory. */
  close() {
    this.#compiled.delete();
  }

  #labels(probabilities) {
    const order = [...probabilities.keys()].sort(
      (one, other) => probabilities[other] - probabilities[one] || one - other,
    );
    return order.map((index, rank) => ({
      name: this.classNames[index],
      probability: probabilities[index],
      isPredicted: this.thresholds ? probabilities[index] > this.thresholds[index] : rank === 0,
    }));
  }
}
