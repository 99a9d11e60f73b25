// What browsers have, jsdom has not, and Grafana's packages need.
const { TextDecoder, TextEncoder } = require('node:util');

Object.assign(globalThis, { TextDecoder, TextEncoder });

// React takes one when it is loaded; node's own would keep the process alive.
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => setTimeout(() => this.port1.onmessage?.({}), 0) };
};

globalThis.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

globalThis.IntersectionObserver = globalThis.ResizeObserver;

globalThis.matchMedia = (media) => ({
  matches: false,
  media,
  addListener() {},
  removeListener() {},
  addEventListener() {},
  removeEventListener() {},
});

// Lists of the comboboxes are as high as what can be seen, which is nothing here.
Object.defineProperty(HTMLElement.prototype, 'offsetHeight', { get: () => 600 });
Object.defineProperty(HTMLElement.prototype, 'offsetWidth', { get: () => 600 });
HTMLElement.prototype.getBoundingClientRect = () => ({
  width: 600,
  height: 600,
  top: 0,
  left: 0,
  right: 600,
  bottom: 600,
  x: 0,
  y: 0,
});
HTMLElement.prototype.scrollIntoView = () => {};
HTMLElement.prototype.scrollTo = () => {};
HTMLCanvasElement.prototype.getContext = () => ({ measureText: (text) => ({ width: text.length * 8 }) });
