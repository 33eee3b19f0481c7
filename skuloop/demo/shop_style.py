"""How the demo shop looks: one style sheet, inline, light and dark, from phone to desktop."""

CSS = """
:root{--paper:#faf8f5;--card:#fff;--ink:#1d1b18;--soft:#6d675f;--line:#e8e3db;--accent:#1f5d4c;--on-accent:#fff;
--good:#1f7a4d;--warn:#9a6200;--bad:#b3382c;--tint:55% 94%;--tint2:45% 88%;
--shadow:0 1px 2px rgb(40 30 20/.05),0 12px 32px -16px rgb(40 30 20/.18)}
@media (prefers-color-scheme:dark){:root{--paper:#151412;--card:#1e1c19;--ink:#f3efe8;--soft:#a59d92;--line:#312e29;
--accent:#7fd1b2;--on-accent:#10201a;--good:#6fd09b;--warn:#e9b45c;--bad:#f0897d;--tint:20% 86%;--tint2:20% 76%;
--shadow:0 1px 2px rgb(0 0 0/.4),0 16px 40px -20px rgb(0 0 0/.8)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-font-smoothing:antialiased;min-height:100vh;display:flex;
flex-direction:column}
a{color:inherit;text-decoration:none}
a:focus-visible{outline:3px solid var(--accent);outline-offset:3px;border-radius:8px}
h1,h2,.price{font-family:ui-serif,"Iowan Old Style",Palatino,Georgia,"Times New Roman",serif;font-weight:600;
letter-spacing:-.018em;text-wrap:balance}
.bar{position:sticky;top:0;z-index:2;display:flex;justify-content:space-between;align-items:center;gap:1rem;
padding:.9rem max(1.25rem,calc((100vw - 73.5rem)/2));background:color-mix(in srgb,var(--paper) 86%,transparent);
backdrop-filter:blur(12px);border-bottom:1px solid var(--line)}
.bar nav{display:flex;gap:1.4rem;color:var(--soft);font-size:.95rem}
.bar nav a:hover{color:var(--ink)}
.brand{display:flex;align-items:center;gap:.65rem;font-weight:650;letter-spacing:-.01em;white-space:nowrap}
.mark{display:grid;place-items:center;width:2rem;height:2rem;border-radius:.6rem;background:var(--accent);
color:var(--on-accent);font-weight:700}
main{width:100%;max-width:76rem;margin:0 auto;padding:0 1.25rem 4rem;flex:1}
.hero{padding:clamp(2.2rem,6vw,4.5rem) 0 1.6rem}
.hero h1{font-size:clamp(2.2rem,6vw,4rem);line-height:1.04;margin:.2rem 0 .8rem}
.lead{color:var(--soft);font-size:1.1rem;margin:0 0 1rem;max-width:44rem}
.eyebrow{margin:0;color:var(--accent);font-size:.78rem;font-weight:650;letter-spacing:.12em;text-transform:uppercase}
.chips{display:flex;gap:.5rem;overflow-x:auto;padding:.25rem 0 1.4rem;scrollbar-width:none}
.chips a{flex:none;padding:.45rem .95rem;border:1px solid var(--line);border-radius:99px;background:var(--card);
font-size:.92rem;color:var(--soft)}
.chips a:hover{color:var(--ink);border-color:var(--soft)}
.chips [aria-current]{background:var(--ink);border-color:var(--ink);color:var(--paper)}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr));gap:1.4rem}
.card{display:flex;flex-direction:column;background:var(--card);border:1px solid var(--line);border-radius:1.1rem;
overflow:hidden;transition:transform .18s ease,box-shadow .18s ease}
.card:hover{transform:translateY(-3px);box-shadow:var(--shadow)}
.frame{--hue:30;position:relative;aspect-ratio:1;display:grid;place-items:center;overflow:hidden;
background:radial-gradient(circle at 50% 38%,hsl(var(--hue) var(--tint)),hsl(var(--hue) var(--tint2)))}
.frame img{width:100%;height:100%;object-fit:contain;padding:7%;mix-blend-mode:multiply;transition:transform .3s ease}
.card:hover img{transform:scale(1.04)}
.blank{font:600 4rem ui-serif,Georgia,serif;color:#1d1b18;opacity:.35}
.caption{display:flex;flex-direction:column;gap:.2rem;padding:.95rem 1.05rem 1.1rem;flex:1}
.caption strong{font-weight:600;line-height:1.35;overflow-wrap:anywhere}
.maker{color:var(--soft);font-size:.8rem}
.row{display:flex;justify-content:space-between;align-items:center;gap:.5rem;margin-top:auto;padding-top:.6rem}
.cost{font-weight:650;font-variant-numeric:tabular-nums}
.stock{display:inline-flex;align-items:center;gap:.4rem;font-size:.8rem;font-weight:550;color:var(--good);
white-space:nowrap}
.stock::before{content:"";width:.5rem;height:.5rem;border-radius:50%;background:currentColor}
.stock.soon{color:var(--warn)}.stock.gone{color:var(--bad)}
.pager{display:flex;justify-content:space-between;align-items:center;margin-top:2.4rem;color:var(--soft)}
.pager a{padding:.5rem 1rem;border:1px solid var(--line);border-radius:99px;background:var(--card);color:var(--ink)}
.crumbs{display:flex;gap:.6rem;padding:1.6rem 0 1.2rem;color:var(--soft);font-size:.9rem}
.crumbs a:hover{color:var(--ink)}
.product{display:grid;grid-template-columns:minmax(0,1.15fr) minmax(0,1fr);gap:clamp(1.5rem,4vw,4rem);align-items:start}
.gallery{display:grid;grid-template-columns:repeat(2,1fr);gap:1rem}
.gallery .frame{border-radius:1.2rem;border:1px solid var(--line)}
.gallery .frame:first-child{grid-column:1/-1}
.facts{position:sticky;top:5.5rem}
.facts h1{font-size:clamp(1.9rem,4vw,2.9rem);line-height:1.1;margin:.35rem 0 .8rem;overflow-wrap:anywhere}
.price{display:flex;align-items:baseline;gap:.5rem;font-size:2rem;margin:0 0 .35rem;font-variant-numeric:tabular-nums}
.price small{font:500 .85rem ui-sans-serif,system-ui,sans-serif;color:var(--soft);letter-spacing:0}
.button{display:inline-block;margin:.6rem 0;padding:.85rem 1.9rem;border-radius:99px;background:var(--accent);
color:var(--on-accent);font-weight:600}
.button:hover{filter:brightness(1.08)}
.button.off{background:var(--line);color:var(--soft)}
.button.quiet{background:none;border:1px solid var(--line);color:var(--ink)}
.text{color:var(--soft);max-width:38rem;overflow-wrap:anywhere}
dl{margin:1.6rem 0 0;border-top:1px solid var(--line);font-size:.92rem}
dl div{display:flex;justify-content:space-between;gap:1rem;padding:.6rem 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft)}dd{margin:0;text-align:right;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
section>h2{font-size:1.6rem;margin:3.5rem 0 1.2rem}
footer{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem 2rem;color:var(--soft);font-size:.85rem;
padding:1.6rem max(1.25rem,calc((100vw - 73.5rem)/2));border-top:1px solid var(--line)}
@media (max-width:46rem){.product{grid-template-columns:1fr}.facts{position:static}.grid{gap:.8rem;
grid-template-columns:repeat(2,minmax(0,1fr))}.caption{padding:.75rem .8rem .9rem;font-size:.93rem}
.row{flex-direction:column;align-items:flex-start;gap:.15rem}.bar nav{gap:1rem}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
"""
