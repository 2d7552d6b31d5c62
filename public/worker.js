// Starts the program in the engine's worker. The first message says what it is: the address of its JavaScript, and its
// compiled module or the address of that.

// What wgpu asks of an adapter, with subgroups where there are any: it leaves them out in browsers (gfx-rs/wgpu#5555).
if (self.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (asked = {}) {
    const subgroups = this.features.has("subgroups") ? ["subgroups"] : [];
    return requestDevice.call(this, { ...asked, requiredFeatures: [...(asked.requiredFeatures ?? []), ...subgroups] });
  };
}

self.onmessage = async ({ data: { js, module } }) => {
  self.onmessage = null;
  try {
    const { default: init } = await import(js);
    await init({ module_or_path: module });
  } catch (error) {
    // A rejected promise tells the page nothing; an error that nobody catches does.
    setTimeout(() => { throw error; });
  }
};
