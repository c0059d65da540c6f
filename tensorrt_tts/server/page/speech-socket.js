// One WebSocket for all requests of the page; reopened when it was closed. See ../README.md.

export class SpeechSocket {
  #connection = null;
  #url;
  #key;
  #id = 0;

  // key: the server's, if it asks for one.
  constructor(url, key = null) {
    this.#url = url;
    this.#key = key;
  }

  // Before every `speak`. Whoever calls while it connects waits for the same socket.
  open() {
    if (!this.#connection?.usable) this.#connection = new Connection(this.#url, this.#key);
    return this.#connection.opened;
  }

  // handler: {audio(ArrayBuffer), words(list), done(message), failed(text)}. Returns an id.
  speak(request, handler) {
    const id = String(++this.#id);
    this.#connection.speak({ ...request, id }, handler);
    return id;
  }

  cancel(id) {
    this.#connection?.cancel(id);
  }
}

class Connection {
  #socket;
  #handlers = new Map(); // by request id, in the order of the requests: audio is the first one's

  constructor(url, key) {
    const socket = (this.#socket = new WebSocket(url, key ? ["token", key] : []));
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#take(data);
    this.opened = new Promise((resolve, reject) => {
      socket.onclose = async () => reject(new Error(await refusal(url, key)));
      socket.onopen = () => {
        socket.onclose = ({ code, reason }) =>
          this.#close(`The server closed the connection (${reason || code}). Try again.`);
        resolve();
      };
    });
  }

  get usable() {
    return this.#socket.readyState <= WebSocket.OPEN;
  }

  speak(request, handler) {
    this.#handlers.set(request.id, handler);
    this.#socket.send(JSON.stringify(request));
  }

  cancel(id) {
    if (this.#handlers.has(id)) this.#socket.send(JSON.stringify({ cancel: id }));
  }

  #close(text) {
    for (const handler of this.#handlers.values()) handler.failed(text);
    this.#handlers.clear();
  }

  #take(data) {
    if (data instanceof ArrayBuffer) {
      this.#handlers.values().next().value?.audio(data);
      return;
    }
    const message = JSON.parse(data);
    const id = message.id ?? [...this.#handlers.keys()].at(-1); // none: it could not be read
    const handler = this.#handlers.get(id);
    if (message.words) return handler?.words(message.words);
    this.#handlers.delete(id);
    if (message.error) handler?.failed(message.error.message);
    else handler?.done(message);
  }
}

// Browsers keep to themselves why a socket was refused; the same address over HTTP says it.
async function refusal(url, key) {
  const address = new URL(url);
  address.protocol = address.protocol.replace("ws", "http");
  let response;
  try {
    response = await fetch(address, { headers: key ? { "X-API-Key": key } : {} });
  } catch {
    return "The server cannot be reached. Try again when it runs.";
  }
  const told = await response.json().catch(() => null);
  if (told?.error?.message) return told.error.message;
  const { status } = response;
  if (status === 429 || status > 501) {
    return `The server takes no listeners now (HTTP ${status}). Try again.`;
  }
  return `No speech server answers at ${address} (HTTP ${status}). Check the path and the proxy.`;
}
