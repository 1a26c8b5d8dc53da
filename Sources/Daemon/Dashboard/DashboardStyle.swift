import Base
import Codec
import Foundation

extension DashboardPage {
    /// The value of `Content-Security-Policy` for every page: nothing is loaded, nothing runs, nothing is sent, no other
    /// page may frame this one; the one style sheet is named by its hash, and `data:` is the icon of the tab.
    package static let contentSecurityPolicy: String = {
        let hash = Data(sha256(Array("\(dashboardStyle)".utf8)).bytes).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(hash)'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }()
}

/// The one style sheet. Every colour is one of the names at its head, once for light and once for dark; each pair of a
/// text and a ground that it makes has a contrast of at least 4.5 (WCAG 2.1, 1.4.3), which a test computes.
let dashboardStyle: StaticString = """
    :root{color-scheme:light dark;--paper:#fbfaf7;--ink:#1b1d20;--soft:#595e66;--rule:#dedad2;--good:#1c6a3c;--warning:#875100;--critical:#a8141b;\
    --idle:#595e66;--link:#1d4f7c;--data:#35658f;--tint-critical:#fbebe9;--tint-warning:#faf1df}
    @media(prefers-color-scheme:dark){:root{--paper:#15181b;--ink:#e8e5df;--soft:#a5abb2;--rule:#343a40;--good:#7ccb97;--warning:#eab359;\
    --critical:#ff9189;--idle:#a5abb2;--link:#9cc4ea;--data:#7fb0dd;--tint-critical:#331c1d;--tint-warning:#2e2618}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;background:var(--paper);color:var(--ink)}
    body{margin:0;font:15px/1.45 "Source Sans 3","Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif;\
    font-variant-numeric:tabular-nums;overflow-wrap:break-word}
    header,main,footer{max-width:1180px;margin:0 auto;padding:0 28px}
    header{padding-top:18px;padding-bottom:22px}
    header::before{content:"";position:absolute;top:0;left:0;right:0;height:6px;background:var(--state)}
    .is-good{--state:var(--good)}.is-warning{--state:var(--warning)}.is-critical{--state:var(--critical)}.is-idle{--state:var(--idle)}
    .good{color:var(--good)}.warning{color:var(--warning)}.critical{color:var(--critical)}.idle{color:var(--idle)}
    h1,h2,h3{font-family:Charter,"Bitstream Charter","Iowan Old Style",Cambria,Georgia,"Noto Serif","DejaVu Serif",serif;font-weight:600;\
    line-height:1.15;text-wrap:balance}
    h1{font-size:38px;letter-spacing:-.01em;margin:26px 0 10px}
    h1{overflow-wrap:anywhere}
    h1 .said{font-size:.55em;font-weight:400;color:var(--soft);white-space:nowrap}
    h2{font-size:21px;margin:0 0 4px}
    h2.tenant{font-size:26px;margin:44px 0 -14px;padding-top:14px;border-top:2px solid var(--ink)}
    h3{font-size:18px;margin:0 0 4px}
    section section,main>section{margin:34px 0 0}
    section[aria-label]{margin:0}
    p{margin:0 0 6px}
    a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
    a:focus-visible{outline:2px solid var(--link);outline-offset:2px}
    .top{display:flex;justify-content:space-between;gap:16px;color:var(--soft)}
    .top b{color:var(--ink)}
    .when,.note,.nothing,.more{color:var(--soft)}
    .note{border-left:3px solid var(--rule);padding-left:10px;margin-top:10px;max-width:75ch}
    time{white-space:nowrap}
    time i{font-style:normal;color:var(--soft);font-size:.88em}
    small{display:block;font-size:13px;color:var(--soft);line-height:1.4}
    .reason{color:var(--ink);max-width:34ch}
    .state b,h1>b{font-family:"DejaVu Sans","Segoe UI Symbol","Apple Symbols","Noto Sans Symbols2",sans-serif;font-weight:400}
    .state b{font-size:.86em}
    h1>b{font-size:.78em;margin-right:.12em}
    td>.state,small .state{white-space:nowrap}
    code{font:.92em ui-monospace,"SF Mono","DejaVu Sans Mono",Consolas,monospace;overflow-wrap:anywhere}
    ol{list-style:none;margin:8px 0 0;padding:0}
    li{border-left:4px solid var(--state);padding:9px 14px 9px;margin:0 0 8px;background:var(--tint-warning)}
    li.is-critical{background:var(--tint-critical)}
    li .state{font-weight:600}
    li p{margin:1px 0 2px;max-width:95ch}
    table{border-collapse:collapse;width:100%}
    caption{text-align:left;color:var(--soft);padding-bottom:8px}
    th,td{text-align:left;vertical-align:top;padding:8px 14px 8px 0;border-top:1px solid var(--rule);font-weight:400}
    th:first-child{padding-left:10px}
    tbody th{font-weight:600;overflow-wrap:anywhere}
    tbody th small{font-weight:400}
    thead th{border-top:0;border-bottom:1.5px solid var(--ink);font-size:13px;font-weight:600;vertical-align:bottom;padding-top:4px;padding-bottom:5px}
    tbody tr:first-child>*{border-top:0}
    tbody tr:last-child>*{border-bottom:1px solid var(--rule)}
    .n{text-align:right;padding-right:26px;white-space:nowrap}
    .s{padding-right:10px}
    thead .s{min-width:4.6em;max-width:8em;overflow-wrap:anywhere}
    td.s{font-size:14px}
    td.s>.state{white-space:normal}
    tbody th{min-width:9em}
    tr.is-critical>*{background:var(--tint-critical)}
    tr.is-critical>th{box-shadow:inset 4px 0 var(--state)}
    .cover{display:flex;align-items:center;gap:8px}
    .cover svg{width:84px;height:6px;flex:none}
    .attention{margin-top:20px!important}
    .charts{display:grid;grid-template-columns:150px repeat(3,minmax(0,1fr));gap:4px 28px;padding:12px 0 10px;border-top:1px solid var(--rule);\
    break-inside:avoid}
    .charts .nothing{grid-column:2/-1}
    .charts .subject{font-weight:600;padding-left:10px;overflow-wrap:anywhere}
    figure{margin:0;min-width:0}
    figure.large{margin:14px 0 26px;max-width:900px;break-inside:avoid}
    figcaption{color:var(--soft);font-size:13px;margin-bottom:3px}
    figcaption b{color:var(--ink);font-weight:600}
    figure.large figcaption{font-size:15px}
    figure svg{display:block;width:100%;height:auto;overflow:visible}
    svg text{font-size:11px;fill:var(--soft)}
    .grid{stroke:var(--rule);stroke-width:1;fill:none}
    .axis{stroke:var(--soft);stroke-width:1;fill:none}
    .line{stroke:var(--data);stroke-width:2;fill:none;stroke-linejoin:round}
    .bars{stroke:var(--data);fill:none}
    .dot{fill:var(--data)}
    .cover .grid{stroke-width:6}
    .cover .fill{stroke:var(--data);stroke-width:6;fill:none}
    dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:0 28px;margin:8px 0 0}
    dl div{border-top:1px solid var(--rule);padding:8px 0}
    dt{color:var(--soft);font-size:13px}
    dd{margin:0;overflow-wrap:anywhere}
    footer{color:var(--soft);font-size:13px;padding-top:16px;padding-bottom:32px;margin-top:36px}
    @media(max-width:1240px){td time,td>.state,small .state{white-space:normal}
    td,th{padding-right:10px}
    .n{padding-right:14px}
    .n small{white-space:normal}}
    @media screen and (max-width:1000px){header,main,footer{padding-left:16px;padding-right:16px}
    h1{font-size:28px;margin-top:16px}
    thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
    table,caption,tbody,tr{display:block}
    tr{border-top:1px solid var(--rule);padding:11px 0 12px}
    tbody tr{display:grid;grid-template-columns:1fr 1fr;gap:0 12px}
    tbody>tr:first-child{border-top:1.5px solid var(--ink)}
    tr.is-critical{background:var(--tint-critical);box-shadow:inset 4px 0 var(--state);padding-left:14px;padding-right:10px}
    tr.is-critical>th{box-shadow:none}
    tbody tr>*,tbody tr:last-child>*{display:block;border:0;padding:3px 0;background:none;grid-column:1/-1}
    tbody tr>th:first-child{padding:0 0 3px;font-size:17px}
    td.n{text-align:left;padding-right:0}
    tbody tr>td.s{grid-column:auto;grid-template-columns:minmax(0,72px) auto;justify-content:start}
    td{display:grid!important;grid-template-columns:112px minmax(0,1fr);gap:0 12px;text-align:left;white-space:normal}
    td::before{content:attr(data-l);color:var(--soft);font-size:13px;line-height:1.7;grid-row:1/span 4;overflow-wrap:anywhere}
    td>*{grid-column:2}
    .charts{grid-template-columns:minmax(0,1fr);gap:14px}
    .charts .nothing{grid-column:1}
    .charts .subject{padding:0;font-size:17px}
    figure.large svg text{font-size:18px}
    .reason{max-width:none}
    td>.state,small .state{white-space:normal}}
    @media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--good:#14532d;--warning:#6b4000;--critical:#8b0f15;--idle:#444;--link:#000;\
    --data:#444;--tint-critical:#fff;--tint-warning:#fff}
    @page{size:A4 landscape;margin:12mm}
    body,td.s{font-size:9pt}
    h1{font-size:20pt;margin-top:8px}
    small,thead th,dt,footer,figcaption{font-size:8pt}
    th,td{padding-top:4px;padding-bottom:4px}
    thead{display:table-header-group}
    header,main,footer{padding-left:0;padding-right:0;max-width:none}
    .screen,.top a{display:none}
    a{text-decoration:none}
    tr,li,figure{break-inside:avoid}
    h2,h3,caption{break-after:avoid}}
    """
