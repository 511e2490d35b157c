// Words are searched as they stand in a message: to the search of the theme a colon names a field
// and a hyphen leaves words out, so that `labels:` and `--json` would find nothing.
const QUERY = 2;
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...others) {
  const isQuery = message && message.type === QUERY && typeof message.data === "string";
  const plain = (text) => text.replace(/[:~^*]+|(^|\s)[-+]+/g, " ");
  return post.call(this, isQuery ? { ...message, data: plain(message.data) } : message, ...others);
};
