// Starts the program in the engine's worker. The first message says what it is: the address of its JavaScript, and its
// compiled module or the address of that.

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
