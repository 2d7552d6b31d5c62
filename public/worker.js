// Starts the program in the engine's worker. The first message has the address of its JavaScript, and its compiled module
// or the address of the module.

// Adds subgroups, if available, to wgpu's requests for a device: in browsers wgpu omits them (gfx-rs/wgpu#5555).
if (self.GPUAdapter) {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor = {}) {
    const subgroups = this.features.has("subgroups") ? ["subgroups"] : [];
    return requestDevice.call(this, { ...descriptor, requiredFeatures: [...(descriptor.requiredFeatures ?? []), ...subgroups] });
  };
}

self.onmessage = async ({ data: { js, module } }) => {
  self.onmessage = null;
  try {
    const { default: init } = await import(js);
    await init({ module_or_path: module });
  } catch (error) {
    // A rejected promise does not reach the page; an uncaught error does.
    setTimeout(() => { throw error; });
  }
};
