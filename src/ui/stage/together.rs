//! What moves in one picture moves by one clock.
//!
//! The height of a tank is animated by the page, what only moves by the compositor, and each would begin when it is ready
//! for it: a frame or two apart, in which tiles would hang out of their tank.

use wasm_bindgen::prelude::*;
use web_sys::Element;

#[wasm_bindgen(inline_js = "
export function moveTogether(scene) {
  const now = document.timeline.currentTime;
  const all = scene.getAnimations({ subtree: true });
  const fresh = new Set();
  for (const a of all) {
    if (a.startTime !== null || a.playState !== 'running') continue;
    const { target } = a.effect;
    if (target.parentNode !== scene) continue;
    a.startTime = now;
    // What has just come begins to appear.
    if (a.animationName && target.matches('.k-tile')) fresh.add(target);
  }
  if (fresh.size === 0) return;
  const moving = new Map();
  for (const a of all) {
    if (a.transitionProperty !== 'transform' && a.transitionProperty !== 'height') continue;
    const { target } = a.effect;
    if (!target.matches('.k-tank')) continue;
    const to = new DOMMatrix(target.style.transform).f;
    moving.set(to, { ...moving.get(to), [a.transitionProperty]: a });
  }
  // A tile that comes into a tank on its way comes from where it would have been before.
  const joined = [];
  for (const tile of fresh) {
    const tanks = moving.get(parseFloat(tile.style.translate.split(' ')[1]));
    if (!tanks) continue;
    joined.push([tile, tile.getAttribute('style'), tanks]);
    tile.style.transition = 'none';
    const [from] = tanks.transform?.effect.getKeyframes() ?? [];
    if (from) tile.style.translate = `0 ${new DOMMatrix(from.transform).f}px`;
    const [lower, higher] = (tanks.height?.effect.getKeyframes() ?? []).map((frame) => parseFloat(frame.height));
    if (lower >= 0 && tile.matches('.k-tile--system')) {
      const { e, f } = new DOMMatrix(tile.style.transform);
      tile.style.transform = `translate(${e}px,${f + lower - higher}px)`;
    }
  }
  if (joined.length === 0) return;
  // Their styles are worked out with the places they come from.
  for (const [tile] of joined) getComputedStyle(tile).opacity;
  for (const [tile, style] of joined) tile.setAttribute('style', style);
  for (const [tile, , tanks] of joined) {
    for (const a of tile.getAnimations()) {
      const as = { translate: tanks.transform, transform: tanks.height }[a.transitionProperty];
      if (as) a.startTime = as.startTime;
    }
  }
}
")]
extern "C" {
    /// Lets everything that stands in a scene and begins to move now do so at one time.
    #[wasm_bindgen(js_name = moveTogether)]
    pub fn move_together(scene: &Element);
}
