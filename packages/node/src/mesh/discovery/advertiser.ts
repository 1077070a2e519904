/**
 * Calls a peer out on the LAN as `_parley._tcp` and `_janet-mesh._tcp` (RFC 6762, RFC 6763). The responder probes for names,
 * takes another when one is taken ("kitchen (2)"), answers on every interface with that interface's addresses, announces
 * changes and says goodbye.
 */
import type { CiaoService, Responder } from "@homebridge/ciao";
import type { EventEmitter } from "node:events";
import { networkInterfaces } from "node:os";
import { messageOf } from "../../errors.ts";
import { hostLabelOf, SERVICE_TYPES, txtOf, type Advert } from "./advert.ts";
import { loadResponder, type GetResponder } from "./ciao.ts";

export interface AdvertiserOptions {
  /** Where clients reach this peer; undefined where those of other machines do not: then only other peers are told where it is. */
  readonly port: number | undefined;
  readonly advert: Advert;
  /** Another service has the name; this peer is called out as `instance` instead. */
  readonly onRenamed?: (instance: string) => void;
  /** It could not follow a change of interfaces; it tries again. */
  readonly onTrouble?: (what: string) => void;
  /** How often it is looked whether interfaces have come or gone. Their addresses the responder follows by itself. */
  readonly interfacesEveryMs?: number;
}

export interface Advertiser {
  /** From now on this is called out. Nothing is sent when nothing has changed. */
  update(advert: Advert): void;
  /** Says goodbye. May be called again. */
  close(): Promise<void>;
}

const INTERFACES_EVERY_MS = 10_000;

/** Fulfilled when the names are this peer's own and were announced, some 1 s later. */
export async function startAdvertiser(options: AdvertiserOptions): Promise<Advertiser> {
  const advertiser = new DnsSdAdvertiser(options, await loadResponder());
  await advertiser.restarted();
  return advertiser;
}

/** What is called out on one set of interfaces. */
interface Call {
  readonly responder: Responder;
  readonly services: readonly CiaoService[];
}

class DnsSdAdvertiser implements Advertiser {
  readonly #options: AdvertiserOptions;
  readonly #getResponder: GetResponder;
  readonly #watching: NodeJS.Timeout;
  #advert: Advert;
  #interfaces = "";
  #call: Call | undefined;
  /** Restarts and the end, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: AdvertiserOptions, getResponder: GetResponder) {
    this.#options = options;
    this.#getResponder = getResponder;
    this.#advert = options.advert;
    this.#watching = setInterval(() => {
      this.restarted().catch((error: unknown) => options.onTrouble?.(messageOf(error)));
    }, options.interfacesEveryMs ?? INTERFACES_EVERY_MS);
    this.#watching.unref();
  }

  update(advert: Advert): void {
    if (this.#isClosed || JSON.stringify(txtOf(advert)) === JSON.stringify(txtOf(this.#advert))) return;
    this.#advert = advert;
    for (const service of this.#call?.services ?? []) service.updateTxt(txtOf(advert));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watching);
    await this.#inTurn(() => this.#stop());
  }

  /** Called out anew when the interfaces are others than before. */
  restarted(): Promise<void> {
    return this.#inTurn(() => this.#restart());
  }

  async #restart(): Promise<void> {
    const interfaces = interfaceNames();
    const names = interfaces.join();
    if (this.#isClosed || names === this.#interfaces) return;
    await this.#stop();
    await this.#start(interfaces);
    this.#interfaces = names;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    // Whoever asked for it hears of its failure; the next begins all the same.
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #start(interfaces: string[]): Promise<void> {
    if (interfaces.length === 0) return;
    // Named, because the responder's own search starts a shell every 15 s and misses virtual interfaces ("eth0@if7").
    const responder = this.#getResponder({ interface: interfaces });
    const called = calledOut(this.#options.port, this.#advert);
    const services = called.map(({ type, port }) => this.#serviceOf(responder, type, port));
    this.#call = { responder, services };
    await Promise.all(services.map((service) => service.advertise()));
    // What has changed while the names were probed for.
    for (const service of services) service.updateTxt(txtOf(this.#advert));
  }

  #serviceOf(responder: Responder, type: ServiceType, port: number): CiaoService {
    const { onRenamed } = this.#options;
    const { name, peerId } = this.#advert;
    const hostname = hostLabelOf(type, peerId);
    const service = responder.createService({
      name: instanceName(name),
      type,
      port,
      hostname,
      txt: txtOf(this.#advert),
    });
    const events: EventEmitter = service;
    events.on("name-change", (instance: string) => onRenamed?.(instance));
    // The host name, not the machine's own, is found by the SRV record: nobody needs to be told.
    events.on("hostname-change", () => undefined);
    return service;
  }

  async #stop(): Promise<void> {
    const call = this.#call;
    this.#call = undefined;
    if (call === undefined) return;
    await Promise.all(call.services.map((service) => service.destroy()));
    await call.responder.shutdown();
  }
}

type ServiceType = (typeof SERVICE_TYPES)[number];

/** What is called out, and with which port. `_janet-mesh._tcp` is for clients alone. */
export function calledOut(
  clientPort: number | undefined,
  { meshPort }: Pick<Advert, "meshPort">,
): readonly { readonly type: ServiceType; readonly port: number }[] {
  if (clientPort !== undefined) return SERVICE_TYPES.map((type) => ({ type, port: clientPort }));
  return meshPort === undefined ? [] : [{ type: "parley", port: meshPort }];
}

/** Those that lead outside and have an address; loopback the responder adds itself. */
function interfaceNames(): string[] {
  return Object.entries(networkInterfaces())
    .flatMap(([name, infos]) => (infos?.some(({ internal }) => !internal) === true ? [name] : []))
    .toSorted();
}

/** A dot ends a label in what the responder builds its names from. The exact name is in the TXT record. */
function instanceName(name: string): string {
  return name.replaceAll(".", " ").replaceAll(/\s+/g, " ").trim() || "parley";
}
