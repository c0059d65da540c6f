// One WebSocket for all requests of the page; reopened when it was closed. See ../README.md.

export class SpeechSocket {
  #socket = null;
  #url;
  #id = 0;
  #handlers = new Map(); // by request id, in the order of the requests: audio is the first one's

  constructor(url) {
    this.#url = url;
  }

  // handler: {audio(ArrayBuffer), done(message), failed(text)}. Returns the request's id.
  async speak(request, handler) {
    const socket = await this.#open();
    const id = String(++this.#id);
    this.#handlers.set(id, handler);
    socket.send(JSON.stringify({ ...request, id }));
    return id;
  }

  cancel(id) {
    if (this.#handlers.has(id)) this.#socket.send(JSON.stringify({ cancel: id }));
  }

  #open() {
    if (this.#socket?.readyState === WebSocket.OPEN) return Promise.resolve(this.#socket);
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#take(data);
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket);
      socket.onclose = ({ code, reason }) => {
        const text = `The server closed the connection (${reason || code}). Try again.`;
        reject(new Error("The server cannot be reached or takes no more listeners. Try again."));
        for (const handler of this.#handlers.values()) handler.failed(text);
        this.#handlers.clear();
      };
    });
  }

  #take(data) {
    if (data instanceof ArrayBuffer) {
      this.#handlers.values().next().value?.audio(data);
      return;
    }
    const message = JSON.parse(data);
    const handler = this.#handlers.get(message.id);
    this.#handlers.delete(message.id);
    if (message.error) handler?.failed(message.error.message);
    else handler?.done(message);
  }
}
