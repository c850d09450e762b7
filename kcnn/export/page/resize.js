// Bring pixels to the size and colors of a model's input, with the arithmetic of Pillow, which
// kcnn uses: the result is equal to `kcnn predict`'s to the bit, but for JPEG images that become
// much smaller. Needs no browser: Node runs it.

const PRECISION = 2 ** 22; // Pillow's fixed point for 8 bits a color
const REDUCING_GAP = 4; // as in kcnn: a much larger image is averaged to 4 times the size first
const MAX_TILE_PIXELS = 2 ** 22; // pixels that are read at once; iPhones allow a canvas of 2 ** 24
const MAX_TILE_WIDTH = 8192;

/**
 * Return the pixels of an image as the model takes them.
 *
 * @param {{width: number, height: number, isJpeg?: boolean, readTile: ReadTile}} image Upright.
 * @param {{image_size: [number, number], channels: 1 | 3, resize?: string}} input Height and width,
 *     1 for gray or 3 for red, green, blue; and `stretch`, `fit` or `crop`, as in kcnn.json.
 * @param {number} tilePixels The most pixels to read at once.
 * @returns {Uint8Array} Height × width × channels.
 *
 * @typedef {(left: number, top: number, width: number, height: number) => Uint8ClampedArray}
 *     ReadTile Returns red, green, blue and alpha of each pixel of a part of an image that was laid
 *     on white.
 */
export function convert(image, input, tilePixels = MAX_TILE_PIXELS) {
  const [wantedHeight, wantedWidth] = input.image_size;
  const placement = place([image.height, image.width], input.image_size, input.resize);
  const { part, size, corner } = placement;
  let { width, height, readTile } = image;
  const denominator = image.isJpeg ? chooseDenominator(image, placement.ratio) : 1;
  if (denominator > 1) {
    const whole = { left: 0, top: 0, right: width, bottom: height };
    const small = readReduced(readTile, whole, denominator, denominator, tilePixels);
    readTile = tilesOf(small);
    ({ width, height } = small);
  }
  // The last row and column of a small JPEG image may stand for fewer pixels than the others.
  const full = { width: image.width / denominator, height: image.height / denominator };
  const above = (full.height * (1 - part[0])) / 2;
  const left = (full.width * (1 - part[1])) / 2;
  let box = { left, top: above, right: full.width - left, bottom: full.height - above };
  const [newHeight, newWidth] = size;
  const xFactor = Math.trunc((box.right - box.left) / newWidth / REDUCING_GAP) || 1;
  const yFactor = Math.trunc((box.bottom - box.top) / newHeight / REDUCING_GAP) || 1;
  let region = { left: 0, top: 0, right: width, bottom: height };
  if (xFactor > 1 || yFactor > 1) {
    region = surroundings(box, newWidth, newHeight, region);
    box = {
      left: (box.left - region.left) / xFactor,
      top: (box.top - region.top) / yFactor,
      right: (box.right - region.left) / xFactor,
      bottom: (box.bottom - region.top) / yFactor,
    };
  }
  const reduced = readReduced(readTile, region, xFactor, yFactor, tilePixels);
  const resized = resample(reduced, box, newWidth, newHeight);
  const colors = input.channels === 1 ? toGray(resized) : resized;
  if (newHeight === wantedHeight && newWidth === wantedWidth) return colors;
  const bordered = new Uint8Array(wantedHeight * wantedWidth * input.channels); // black
  const row = newWidth * input.channels;
  for (let y = 0; y < newHeight; y++) {
    const start = ((corner[0] + y) * wantedWidth + corner[1]) * input.channels;
    bordered.set(colors.subarray(y * row, (y + 1) * row), start);
  }
  return bordered;
}

/**
 * Return at which fraction of its size kcnn decodes a JPEG image. A decoder then averages blocks of
 * pixels before it turns them into red, green and blue; browsers cannot, so that values differ a
 * little.
 */
function chooseDenominator({ width, height }, ratio) {
  const fits = (denominator) =>
    ratio * denominator <= 1 && Math.min(width, height) >= 8 * denominator;
  return [8, 4, 2].find(fits) ?? 1;
}

/** Return a function that reads parts of an image of red, green and blue. */
function tilesOf({ pixels, width }) {
  return (left, top, tileWidth, tileHeight) => {
    const tile = new Uint8ClampedArray(tileWidth * tileHeight * 4).fill(255);
    for (let y = 0, to = 0; y < tileHeight; y++) {
      let from = ((top + y) * width + left) * 3;
      for (let x = 0; x < tileWidth; x++, from += 3, to += 4) {
        tile[to] = pixels[from];
        tile[to + 1] = pixels[from + 1];
        tile[to + 2] = pixels[from + 2];
      }
    }
    return tile;
  };
}

/** Return which part of an image is resized, to which size, and where it goes; heights first. */
function place(own, wanted, resize = "stretch") {
  const ratios = [wanted[0] / own[0], wanted[1] / own[1]];
  if (resize === "fit") {
    const ratio = Math.min(...ratios);
    const size = own.map((side, axis) =>
      Math.min(wanted[axis], Math.max(1, roundHalfToEven(side * ratio))),
    );
    const corner = size.map((side, axis) => Math.floor((wanted[axis] - side) / 2));
    return { part: [1, 1], size, corner, ratio };
  }
  if (resize !== "stretch" && resize !== "crop") throw new Error(`unknown resize: ${resize}`);
  const ratio = Math.max(...ratios);
  const part = resize === "crop" ? ratios.map((side) => side / ratio) : [1, 1];
  return { part, size: wanted, corner: [0, 0], ratio };
}

/** Round as Python does. */
function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** Return a box with the pixels around it that the filter uses, in whole pixels of the image. */
function surroundings(box, newWidth, newHeight, image) {
  const x = ((box.right - box.left) / newWidth) * 0.5;
  const y = ((box.bottom - box.top) / newHeight) * 0.5;
  return {
    left: Math.max(0, Math.trunc(box.left - x)),
    top: Math.max(0, Math.trunc(box.top - y)),
    right: Math.min(image.right, Math.ceil(box.right + x)),
    bottom: Math.min(image.bottom, Math.ceil(box.bottom + y)),
  };
}

/** Read a region in tiles and average blocks of pixels; at the far edges, blocks are smaller. */
function readReduced(readTile, region, xFactor, yFactor, tilePixels) {
  const width = Math.ceil((region.right - region.left) / xFactor);
  const height = Math.ceil((region.bottom - region.top) / yFactor);
  const pixels = new Uint8Array(width * height * 3);
  // Whole blocks in each tile.
  const tileWidth = Math.max(1, Math.floor(MAX_TILE_WIDTH / xFactor)) * xFactor;
  const rowPixels = Math.min(tileWidth, region.right - region.left);
  const tileHeight = Math.max(1, Math.floor(tilePixels / rowPixels / yFactor)) * yFactor;
  for (let top = region.top; top < region.bottom; top += tileHeight) {
    for (let left = region.left; left < region.right; left += tileWidth) {
      const tile = {
        width: Math.min(tileWidth, region.right - left),
        height: Math.min(tileHeight, region.bottom - top),
      };
      tile.pixels = readTile(left, top, tile.width, tile.height);
      const start = ((top - region.top) / yFactor) * width + (left - region.left) / xFactor;
      reduceTile(tile, xFactor, yFactor, pixels, width, start);
    }
  }
  return { pixels, width, height };
}

/** Average the blocks of a tile into `out`, an image of `outWidth`, from the pixel `start` on. */
function reduceTile(tile, xFactor, yFactor, out, outWidth, start) {
  for (let y = 0, outRow = start; y < tile.height; y += yFactor, outRow += outWidth) {
    const yEnd = Math.min(y + yFactor, tile.height);
    for (let x = 0, to = outRow * 3; x < tile.width; x += xFactor, to += 3) {
      const xEnd = Math.min(x + xFactor, tile.width);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = y; row < yEnd; row++) {
        let from = (row * tile.width + x) * 4;
        for (let column = x; column < xEnd; column++, from += 4) {
          red += tile.pixels[from];
          green += tile.pixels[from + 1];
          blue += tile.pixels[from + 2];
        }
      }
      const count = (yEnd - y) * (xEnd - x);
      out[to] = divide(red, count);
      out[to + 1] = divide(green, count);
      out[to + 2] = divide(blue, count);
    }
  }
}

/** Divide a sum by the number of its values and round, by the multiplication that Pillow does. */
function divide(sum, count) {
  const multiplier = Math.trunc(Math.fround(2 ** 32 / (256 * count)));
  return ((sum + Math.trunc(count / 2)) * multiplier) >>> 24;
}

/** Resize a box of an image: bilinear, and antialiased where it becomes smaller. */
function resample(image, box, newWidth, newHeight) {
  // Pillow takes boxes as floats of 32 bits.
  const [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom].map(Math.fround);
  const resizeWidth = ({ pixels, width, height }) => {
    if (newWidth === width && left === 0 && right === newWidth) return { pixels, width, height };
    const filter = makeFilter(width, left, right, newWidth);
    return { pixels: resampleRows(pixels, width, height, filter), width: newWidth, height };
  };
  const resizeHeight = ({ pixels, width, height }) => {
    if (newHeight === height && top === 0 && bottom === newHeight) return { pixels, width, height };
    const filter = makeFilter(height, top, bottom, newHeight);
    return { pixels: resampleColumns(pixels, width, filter), width, height: newHeight };
  };
  // Values are rounded after each pass, so that the order matters. This is the one of Pillow 13;
  // older ones always begin with the width, which changes some values by one level.
  const lost = { width: image.width - newWidth, height: image.height - newHeight };
  const heightFirst = lost.height > 0 && lost.height > 2 * lost.width;
  return heightFirst
    ? resizeWidth(resizeHeight(image)).pixels
    : resizeHeight(resizeWidth(image)).pixels;
}

/** Return for each new pixel the first old one that it is made of, and the weights from there on. */
function makeFilter(oldSize, from, to, newSize) {
  const scale = Math.fround(to - from) / newSize;
  const support = Math.max(scale, 1); // of a triangle, which is what bilinear means
  const filter = [];
  for (let index = 0; index < newSize; index++) {
    const center = from + (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(oldSize, Math.trunc(center + support + 0.5));
    const weights = [];
    let total = 0;
    for (let position = first; position < end; position++) {
      const weight = Math.max(0, 1 - Math.abs((position - center + 0.5) * (1 / support)));
      weights.push(weight);
      total += weight;
    }
    const fixed = weights.map((weight) =>
      Math.trunc(0.5 + (total ? weight / total : weight) * PRECISION),
    );
    filter.push({ first, weights: fixed });
  }
  return filter;
}

function resampleRows(pixels, width, height, filter) {
  const out = new Uint8Array(filter.length * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights } of filter) {
      to = weightedSum(pixels, (y * width + first) * 3, 3, weights, out, to);
    }
  }
  return out;
}

function resampleColumns(pixels, width, filter) {
  const out = new Uint8Array(width * filter.length * 3);
  let to = 0;
  for (const { first, weights } of filter) {
    for (let x = 0; x < width; x++) {
      to = weightedSum(pixels, (first * width + x) * 3, width * 3, weights, out, to);
    }
  }
  return out;
}

/** Write the weighted sum of pixels that lie `step` apart; return where the next one goes. */
function weightedSum(pixels, start, step, weights, out, to) {
  let red = PRECISION / 2; // rounds
  let green = red;
  let blue = red;
  for (let index = 0, from = start; index < weights.length; index++, from += step) {
    red += pixels[from] * weights[index];
    green += pixels[from + 1] * weights[index];
    blue += pixels[from + 2] * weights[index];
  }
  out[to] = Math.min(255, red / PRECISION);
  out[to + 1] = Math.min(255, green / PRECISION);
  out[to + 2] = Math.min(255, blue / PRECISION);
  return to + 3;
}

/** Return the brightness of each pixel, by the weights of ITU-R 601 as Pillow rounds them. */
function toGray(rgb) {
  const gray = new Uint8Array(rgb.length / 3);
  for (let index = 0, from = 0; index < gray.length; index++, from += 3) {
    gray[index] =
      (rgb[from] * 19595 + rgb[from + 1] * 38470 + rgb[from + 2] * 7471 + 0x8000) >>> 16;
  }
  return gray;
}
