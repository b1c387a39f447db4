// axe's rules on the page; text that it found legible before is not measured for its contrast again.
async ({options, legible}) => {
  const LAID_OVER = ['absolute', 'fixed', 'sticky'];
  const grounds = new Map();
  // What stands behind an element's text, as one text; undefined where only axe can tell: it is laid over something else.
  const ground = element => {
    if (element === null) return '';
    if (!grounds.has(element)) {
      const style = getComputedStyle(element);
      const behind = LAID_OVER.includes(style.position) ? undefined : ground(element.parentElement);
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.filter].join();
      grounds.set(element, behind === undefined || own === 'rgba(0, 0, 0, 0),none,1,none' ? behind : `${behind}/${own}`);
    }
    return grounds.get(element);
  };
  const looks = element => {
    const behind = ground(element);
    if (behind === undefined) return undefined;
    const style = getComputedStyle(element);
    return [behind, style.color, style.fontSize, style.fontWeight, style.textShadow].join('|');
  };
  const known = new Set(legible);
  for (const element of document.body.querySelectorAll('*')) {
    if (known.has(looks(element))) element.dataset.legible = '';
  }
  axe.configure({rules: [{id: 'color-contrast', selector: ':not([data-legible])'}]});
  const found = await axe.run({...options, resultTypes: ['violations', 'passes'], elementRef: true, selectors: false});
  const passed = found.passes.find(rule => rule.id === 'color-contrast')?.nodes ?? [];
  return {
    faults: found.violations.map(rule => rule.id),
    legible: [...new Set(passed.map(node => looks(node.element)))].filter(each => each !== undefined),
  };
}
