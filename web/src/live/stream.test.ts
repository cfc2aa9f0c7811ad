import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openStream, retryDelayMs, type StreamState } from "./stream";

class FakeSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;
  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }
  close() {
    this.readyState = 2;
  }
  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  fails(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
  says(type: string, data: string) {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
}

const seen = { events: [] as string[], states: [] as StreamState[], gaps: 0, refusals: 0 };
const open = (after: string | null = "evt_1") =>
  openStream("/stream", after, {
    onEvent: (event) => seen.events.push(event.type),
    onState: (state) => seen.states.push(state),
    onGap: () => (seen.gaps += 1),
    onRefused: () => (seen.refusals += 1),
  });
const last = () => FakeSource.all.at(-1) as FakeSource;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeSource);
  FakeSource.all = [];
  Object.assign(seen, { events: [], states: [], gaps: 0, refusals: 0 });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the event stream", () => {
  it("hands over events by their names", () => {
    const close = open();
    last().opens();
    last().says("message.received", '{"type":"message.received"}');
    expect(seen).toEqual({ events: ["message.received"], states: ["connecting", "open"], gaps: 0, refusals: 0 });
    close();
    expect(last().readyState).toBe(2);
  });
  it("begins behind what was there before the page asked, or lets all be asked again", () => {
    open()();
    expect(last().url).toBe("/stream?after=evt_1");
    const close = open(null);
    expect(last().url).toBe("/stream");
    last().opens();
    expect(seen.gaps).toBe(1);
    close();
  });
  it("leaves a short interruption to the browser, which says where it stopped", () => {
    const close = open();
    last().opens();
    last().fails(0);
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all).toHaveLength(1);
    last().opens();
    expect(seen).toMatchObject({ gaps: 0, refusals: 0 });
    close();
  });
  it("is opened anew when the network is back, whatever the old connection looks like", () => {
    const close = open();
    last().opens();
    window.dispatchEvent(new Event("online"));
    expect(FakeSource.all).toHaveLength(2);
    expect(FakeSource.all[0]?.readyState).toBe(2);
    last().opens();
    expect(seen.gaps).toBe(1);
    close();
  });
  it("is opened anew when the page was out of sight for long, and not after a glance elsewhere", () => {
    const close = open();
    last().opens();
    const turn = (state: string, afterMs: number) => {
      vi.advanceTimersByTime(afterMs);
      vi.spyOn(document, "visibilityState", "get").mockReturnValue(state as DocumentVisibilityState);
      document.dispatchEvent(new Event("visibilitychange"));
    };
    turn("hidden", 0);
    turn("visible", 20_000);
    expect(FakeSource.all).toHaveLength(1);
    turn("hidden", 0);
    turn("visible", 90_000);
    expect(FakeSource.all).toHaveLength(2);
    vi.restoreAllMocks();
    close();
  });
  it("connects again when the server closed it for good, and says that something may be missing", () => {
    const close = open();
    last().opens();
    last().fails(2);
    vi.advanceTimersByTime(retryDelayMs(0));
    expect(FakeSource.all).toHaveLength(2);
    last().opens();
    expect(last().url).toBe("/stream");
    expect(seen).toMatchObject({ gaps: 1, refusals: 1 });
    expect(seen.states.at(-1)).toBe("open");
    close();
  });
  it("stays closed once it is not wanted any more", () => {
    const close = open();
    last().fails(2);
    close();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all).toHaveLength(1);
  });
  it("waits longer each time, within a bound", () => {
    expect([0, 1, 2, 20].map(retryDelayMs)).toEqual([1_000, 2_000, 4_000, 30_000]);
  });
});
