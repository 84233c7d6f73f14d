from django.contrib import admin
from import_export import resources
from import_export.admin import ImportExportModelAdmin

from products.models import Product


class ProductResource(resources.ModelResource):
    class Meta:
        model = Product
        exclude = ["embedding"]


@admin.register(Product)
class ProductAdmin(ImportExportModelAdmin):
    resource_classes = [ProductResource]
