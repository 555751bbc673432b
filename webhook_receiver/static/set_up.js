"use strict";

// The browser knows where its person is; most likely the company is there too. A choice made before stays.
const zone = document.querySelector('select[data-zone="yes"]');
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && here && [...zone.options].some((option) => option.value === here)) zone.value = here;
