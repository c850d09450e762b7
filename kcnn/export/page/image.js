// Read an image file as `kcnn predict` does: upright, transparency on white, of several frames the
// first, colors as they are stored.

import { convert } from "./resize.js";

const BEGINNING = 32; // bytes that tell formats apart
// What kcnn reads, but not every browser; and what kcnn reads in another way than browsers.
const KINDS = [
  [/^(II[*+]\0|MM\0[*+])/, "a TIFF image"],
  [/^....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)/s, "a HEIC image"],
  [/^%PDF/, "a PDF document"],
  [/^\s*(<\?xml|<svg)/i, "an SVG drawing"],
  [/^\s*<(!doctype html|html)/i, "a web page"],
];
const SIXTEEN_BITS = /^\x89PNG.{20}\x10/s;
const EXTENDED_WEBP = /^RIFF....WEBPVP8X/s; // may hold Exif
const UPRIGHT = 1;
const ORIENTATION = 0x0112; // the number of its tag

/** An image that cannot be read. Its message is for people. */
export class ImageError extends Error {}

/**
 * Read an image file, or an image that was pasted.
 *
 * @param {Blob} blob
 * @param {{image_size: [number, number], channels: 1 | 3, resize?: string}} input As in kcnn.json.
 * @returns {Promise<Uint8Array>} Height × width × channels, as the model takes them.
 * @throws {ImageError} The browser cannot read it.
 */
export async function readImage(blob, input) {
  const name = blob.name || "this";
  if (blob.size === 0) throw new ImageError(`${name} is an empty file.`);
  const bytes = new Uint8Array(await blob.slice(0, BEGINNING).arrayBuffer());
  const beginning = String.fromCharCode(...bytes);
  if (SIXTEEN_BITS.test(beginning)) {
    throw new ImageError(
      `${name} has 16 bits a color, of which browsers read 8. Save it with 8 bits a color.`,
    );
  }
  if (EXTENDED_WEBP.test(beginning) && (await webpOrientation(blob)) !== UPRIGHT) {
    throw new ImageError(
      `${name} is a WebP image that is to be turned, which not every browser does. ` +
        "Save it as PNG or JPEG.",
    );
  }
  let bitmap;
  try {
    // Upright by default. `imageOrientation: "from-image"` says the same, but older browsers, which do
    // not know it, would refuse the image.
    bitmap = await createImageBitmap(blob, {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
    });
  } catch {
    const kind = KINDS.find(([pattern]) => pattern.test(beginning))?.[1];
    throw new ImageError(
      kind
        ? `${name} is ${kind}, which this browser cannot read. Save it as PNG or JPEG.`
        : `${name} is not an image that this browser can read, or it is damaged.`,
    );
  }
  try {
    const { width, height } = bitmap;
    const isJpeg = beginning.startsWith("\xff\xd8");
    return convert({ width, height, isJpeg, readTile: tilesOf(bitmap) }, input);
  } finally {
    bitmap.close();
  }
}

/** Return the orientation that a WebP file states, 1 to 8; 1 is upright. */
async function webpOrientation(blob) {
  const view = new DataView(await blob.arrayBuffer());
  const text = (at) => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
  try {
    let at = 12;
    while (text(at) !== "EXIF") at += 8 + Math.ceil(view.getUint32(at + 4, true) / 2) * 2;
    at += text(at + 8) === "Exif" ? 14 : 8;
    const isLittle = text(at).startsWith("II");
    const tags = at + view.getUint32(at + 4, isLittle);
    for (let index = 0; index < view.getUint16(tags, isLittle); index++) {
      const tag = tags + 2 + index * 12;
      if (view.getUint16(tag, isLittle) === ORIENTATION) return view.getUint16(tag + 8, isLittle);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the file ends before: not stated
  }
  return UPRIGHT;
}

/** Return a function that reads parts of an image, laid on white. */
function tilesOf(bitmap) {
  const canvas = new OffscreenCanvas(1, 1);
  // Not on the graphics card, which may round.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (left, top, width, height) => {
    canvas.width = width; // also clears it
    canvas.height = height;
    context.imageSmoothingEnabled = false;
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  };
}

/**
 * Return whether pages may read pixels as they are. Some browsers change them against tracking
 * (Firefox with resistFingerprinting, Brave); predictions are then wrong.
 */
export function readsTruePixels() {
  const size = 64;
  const context = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
  const written = context.createImageData(size, size);
  for (let index = 0; index < written.data.length; index++) {
    written.data[index] = index % 4 === 3 ? 255 : (index * 7) % 256;
  }
  context.putImageData(written, 0, 0);
  const read = context.getImageData(0, 0, size, size).data;
  return read.every((value, index) => value === written.data[index]);
}
