// What the address asks for: the desk, or the set-up of the shop, which is a page of its own and is loaded only when it is opened.

const isSetUp = location.pathname.split('/')[2] === 'admin' || location.hash.startsWith('#first-run=');

if (isSetUp) import('./admin/main.js').then(({openAdmin}) => openAdmin(document.getElementById('desk')));
else import('./main.js');
